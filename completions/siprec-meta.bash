# bash completion of siprec-meta
_siprec_meta() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local commands='validate show get convert merge diff new correlate timeline'
	local w cmd=

	for w in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $w in
		-*) ;;
		*) cmd=$w; break ;;
		esac
	done
	case $prev in
	--to) mapfile -t COMPREPLY < <(compgen -W 'xml json vcon' -- "$cur"); return ;;
	--sdp) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	get)
		mapfile -t COMPREPLY < <(compgen -W 'participants streams sessions associations extensions' -- "$cur")
		return ;;
	esac
	if [[ $cur == -* ]]; then
		local opts='--strict --lenient --json --help --version'
		case $cmd in
		validate) opts+=' --sdp' ;;
		convert) opts+=' --to' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$opts" -- "$cur")
	elif [[ -z $cmd ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
	else
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -F _siprec_meta siprec-meta
