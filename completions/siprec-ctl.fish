# fish completion of siprec-ctl
set -l commands list show pause resume stop drop-stream snapshot drain stats

complete -c siprec-ctl -n "not __fish_seen_subcommand_from $commands" -F
complete -c siprec-ctl -n "not __fish_seen_subcommand_from $commands" -a list -d 'All sessions'
complete -c siprec-ctl -n "not __fish_seen_subcommand_from $commands" -a show -d 'One of them, with its streams'
complete -c siprec-ctl -n "not __fish_seen_subcommand_from $commands" -a pause -d 'Record silence'
complete -c siprec-ctl -n "not __fish_seen_subcommand_from $commands" -a resume -d 'Go on, or start what is held'
complete -c siprec-ctl -n "not __fish_seen_subcommand_from $commands" -a stop -d 'End a session'
complete -c siprec-ctl -n "not __fish_seen_subcommand_from $commands" -a drop-stream -d 'Do without one stream'
complete -c siprec-ctl -n "not __fish_seen_subcommand_from $commands" -a snapshot -d 'Ask the client for all of its metadata'
complete -c siprec-ctl -n "not __fish_seen_subcommand_from $commands" -a drain -d 'Take no new calls'
complete -c siprec-ctl -n "not __fish_seen_subcommand_from $commands" -a stats -d 'What was counted'
complete -c siprec-ctl -n "__fish_seen_subcommand_from drain" -f -a off -d 'Take new calls again'
complete -c siprec-ctl -l json -d 'One line on a terminal too'
complete -c siprec-ctl -s h -l help -d 'Show help'
complete -c siprec-ctl -l version -d 'Show version'
