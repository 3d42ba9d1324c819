# bash completion of siprec-replay

_siprec_replay()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local words=

	case $prev in
	--flow) words="$(siprec-replay --flow list 2>/dev/null | cut -d" " -f1)" ;;
	--dialect) words="$(siprec-replay --dialect list 2>/dev/null | cut -d" " -f1)" ;;
	--codec) words="PCMU PCMA L16 G722 GSM G726-16 G726-24 G726-32 G726-40 G729 opus AMR AMR-WB" ;;
	--srtp) words="sdes dtls dtls:active dtls:passive none" ;;
	--suite) words="AES_CM_128_HMAC_SHA1_80 AES_CM_128_HMAC_SHA1_32 AES_256_CM_HMAC_SHA1_80 AES_256_CM_HMAC_SHA1_32 AEAD_AES_128_GCM AEAD_AES_256_GCM" ;;
	-w|--wav|--password-file|--tls-cert|--tls-key|--tls-ca|--write)
		COMPREPLY=($(compgen -f -- "$cur")); return ;;
	-l|--streams|--tone|--dtmf|--ptime|--session|--calls|--rate|\
	--concurrent|--duration|--speed|--seed|--failover|--listen|--user|\
	--session-expires|--dns|--t1|--min-se|--rtp-ports|--loss|--burst|\
	--reorder|--duplicate|--jitter|--drift|--ssrc-change) return ;;
	*)	case $cur in
		-*) words="-l -w -q -h --flow --streams --wav --tone
			--speech --dtmf --codec --ptime --dialect
			--all --session --same-numbers --calls
			--rate --concurrent --duration --speed
			--seed --conformance --replaces --failover
			--accept --listen --user --password-file
			--md5 --tls-cert --tls-key --tls-ca
			--tls-no-verify --udp-only --session-expires
			--dns --t1 --min-se --srtp --suite
			--mki --lifetime --wrong-fingerprint --first-seq
			--rtcp-mux --rtp-ports --loss --burst
			--reorder --duplicate --jitter --drift --dtx
			--ssrc-change --write --quiet --json --help
			--version" ;;
		*)  COMPREPLY=($(compgen -f -- "$cur")); return ;;
		esac ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o filenames -F _siprec_replay siprec-replay
