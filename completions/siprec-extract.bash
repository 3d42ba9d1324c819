# bash completion of siprec-extract

_siprec_extract()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local words=

	case $prev in
	--mix) words="multi stereo mono" ;;
	--channel-order) words="label metadata" ;;
	--format) words="wav ulaw flac opus" ;;
	--align) words="rtcp" ;;
	-i|--interface) words=$(ls /sys/class/net 2>/dev/null) ;;
	-o|--output) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	-f|--filter|-j|--jobs|--session|--after|--before) return ;;
	*)	case $cur in
		-*) words="-o -n -i -f -j -q -h --output --dry-run --interface
			--filter --jobs --quiet --json --xml --all --session
			--after --before --mix --channel-order --format
			--align --deskew --keep-rtp --keylog --join
			--help --version" ;;
		*)  COMPREPLY=($(compgen -f -- "$cur")); return ;;
		esac ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o filenames -F _siprec_extract siprec-extract
