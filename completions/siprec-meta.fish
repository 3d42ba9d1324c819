# fish completion of siprec-meta
set -l commands validate show get convert merge diff new correlate timeline
set -l things participants streams sessions associations extensions

complete -c siprec-meta -n "not __fish_seen_subcommand_from $commands" -f
complete -c siprec-meta -n "not __fish_seen_subcommand_from $commands" -a validate -d 'what breaks RFC 7865'
complete -c siprec-meta -n "not __fish_seen_subcommand_from $commands" -a show -d 'who was on the call'
complete -c siprec-meta -n "not __fish_seen_subcommand_from $commands" -a get -d 'one kind of thing, a row each'
complete -c siprec-meta -n "not __fish_seen_subcommand_from $commands" -a convert -d 'the same in another form'
complete -c siprec-meta -n "not __fish_seen_subcommand_from $commands" -a merge -d 'the document after all updates'
complete -c siprec-meta -n "not __fish_seen_subcommand_from $commands" -a diff -d 'what only one of two says'
complete -c siprec-meta -n "not __fish_seen_subcommand_from $commands" -a new -d 'XML from our JSON'
complete -c siprec-meta -n "not __fish_seen_subcommand_from $commands" -a correlate -d 'recordings of one call'
complete -c siprec-meta -n "not __fish_seen_subcommand_from $commands" -a timeline -d 'who was where, when'
complete -c siprec-meta -n "__fish_seen_subcommand_from get; and not __fish_seen_subcommand_from $things" -f -a "$things"
complete -c siprec-meta -n "__fish_seen_subcommand_from convert" -l to -x -a 'xml json vcon' -d 'what to write'
complete -c siprec-meta -n "__fish_seen_subcommand_from validate" -l sdp -r -F -d 'labels must be those of this SDP'
complete -c siprec-meta -l strict -d 'take nothing that is not valid'
complete -c siprec-meta -l lenient -d 'judge by what can be made of it'
complete -c siprec-meta -l json -d 'one JSON object a line'
complete -c siprec-meta -l help -d 'print a short help'
complete -c siprec-meta -l version -d 'print version and licence'
