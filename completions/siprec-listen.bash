# bash completion of siprec-listen

_siprec_listen()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local words=

	case $prev in
	--accept) words="siprec any" ;;
	--srtp) words="off allow require" ;;
	--answer-codecs) words="all first" ;;
	--store-keys) words="yes no" ;;
	--rtp-latch) words="on off" ;;
	--replaces-auth) words="same-peer any digest none" ;;
	--metadata-keep) words="full ids none" ;;
	--start) words="running held" ;;
	--identity) words="off log require" ;;
	--mix) words="multi stereo mono" ;;
	--user) COMPREPLY=($(compgen -u -- "$cur")); return ;;
	--on-event|--on-stream) COMPREPLY=($(compgen -c -- "$cur")); return ;;
	-o|--output) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	-c|--config|--auth|--tls-cert|--tls-key|--tls-ca|\
	--tls-crl|--identity-cert|--identity-ca|--log|--clf|--control|\
	--password-file|--store-password-file)
		COMPREPLY=($(compgen -f -- "$cur")); return ;;
	-l|--listen|--allow|--realm|--session-expires|\
	--rtp-ports|--advertise|--media-timeout|\
	--max-duration|--max-sessions|--min-free|--backlog|\
	--metrics|--call|--register|--user-name|--dns|\
	--allow-identity|--trusted|--rate|--mode|--encrypt-to|\
	--drop-ext|--hash-password|--t1|--min-se|--answer-delay|\
	--store|--node|--store-lease)
		return ;;
	*)	words="-l -o -c -q -h --listen --output --config --accept
		--strict --allow --auth --realm --tls-cert --tls-key
		--tls-ca --tls-crl --tls-verify-client --srtp
		--answer-codecs --session-expires --rtp-ports
		--replaces-auth --rtp-latch --advertise --start --mix --keep-rtp
		--media-timeout --max-duration --max-sessions
		--min-free --log --clf --on-event --on-stream --backlog
		--quiet --json --control --metrics --user --call
		--register --user-name --password-file --dns
		--identity --identity-cert --identity-ca
		--allow-identity --trusted --rate --require-tls --mode
		--encrypt-to --metadata-keep --drop-ext --mask-dtmf
		--no-sandbox --store --node --store-lease --store-keys
		--store-password-file
		--hash-password --t1 --min-se --answer-delay --help
		--version" ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o filenames -F _siprec_listen siprec-listen
