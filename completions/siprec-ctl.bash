# bash completion of siprec-ctl

_siprec_ctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} w words=
	local -a before=()

	for w in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $w == -* ]] || before+=("$w")
	done
	if [[ $cur == -* ]]; then
		words="--json -h --help --version"
	elif [[ ${#before[@]} -eq 0 ]]; then
		COMPREPLY=($(compgen -f -- "$cur")); return
	elif [[ ${#before[@]} -eq 1 ]]; then
		words="list show pause resume stop drop-stream snapshot drain
			stats"
	elif [[ ${#before[@]} -eq 2 ]]; then
		case ${before[1]} in
		list|stats) return ;;
		drain) words=off ;;
		*) words=$("${COMP_WORDS[0]}" --json "${before[0]}" list \
		    2>/dev/null | grep -o '"session":"[^"]*"' |
		    cut -d '"' -f 4) ;;
		esac
	fi
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o filenames -F _siprec_ctl siprec-ctl
