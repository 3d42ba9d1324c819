# bash completion of siprec-extract

_siprec_extract()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local words=

	case $prev in
	--mix) words="multi stereo mono" ;;
	--channel-order) words="label metadata" ;;
	--format) words="wav ulaw flac opus" ;;
	-i) words=$(ls /sys/class/net 2>/dev/null) ;;
	-o) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	--keylog) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	-f|-j|--session|--after|--before) return ;;
	*)	case $cur in
		-*) words="-o -n -q -i -f -j --json --xml --mix
			--channel-order --format --keep-rtp --keylog --all
			--session --after --before --deskew --join
			--help --version" ;;
		*)  COMPREPLY=($(compgen -f -- "$cur")); return ;;
		esac ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o filenames -F _siprec_extract siprec-extract
