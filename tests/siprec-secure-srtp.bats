# SRTP by SDES, which lines are taken, and that no key stays anywhere.
load lib/secure

setup_file() {
	pki "$BATS_FILE_TMPDIR/pki"
	cd "$BATS_FILE_TMPDIR" || return 1
	known 4
}
setup() { setup_secure; }
teardown() { teardown_secure; }

KEY1=V1JTUk9OR0tFWVdST05HS0VZV1JPTkdLRVlXUk9O
KEY2=d0xJRkVUSU1FTUtJS0VZMDEyMzQ1Njc4OTAxMjM0
KEY3=YUxJRkVUSU1FTUtJS0VZMDEyMzQ1Njc4OTAxMjM1
WRONG="a=crypto:1 F8_128_HMAC_SHA1_80 inline:$KEY1"
MKI="a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:$KEY2|2^20|1:4"
THIRD="a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:$KEY3"

# ask [a= line]...: the answer to an offer, in heard.txt
ask() {
	CALLS=$((CALLS + 1))
	offer "$@" | request INVITE call$CALLS 1
	tell
	hear
}

@test "of three crypto lines the first that we speak is taken, with a key of our own" {
	listen tcp:127.0.0.1:0
	dial
	PROFILE=RTP/SAVP ask "$WRONG" "$MKI" "$THIRD"
	[ $STATUS = 200 ]
	[ "$(grep -c ^a=crypto: heard.txt)" -eq 1 ]
	grep -q "^a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" heard.txt
	run ! grep -q -e "$KEY2" -e "$KEY3" heard.txt
	grep -q "^m=audio [1-9][0-9]* RTP/SAVP 0" heard.txt
	stop
}

@test "a line without a good key is refused, a plain one with --srtp require, a secure one with off" {
	listen tcp:127.0.0.1:0
	dial
	PROFILE=RTP/SAVP ask "$WRONG"
	[ $STATUS = 488 ] || grep -q "^m=audio 0 " heard.txt
	stop
	listen tcp:127.0.0.1:0 --srtp require
	dial
	ask; [ $STATUS = 488 ]
	PROFILE=RTP/SAVP ask "$THIRD"; [ $STATUS = 200 ]
	stop
	listen tcp:127.0.0.1:0 --srtp off
	dial
	PROFILE=RTP/SAVP ask "$THIRD"
	[ $STATUS = 488 ]
	ask; [ $STATUS = 200 ]
	stop
}

@test "AVP and SAVP in one offer: each line by itself" {
	listen tcp:127.0.0.1:0
	dial
	ask "m=audio 9002 RTP/SAVPF 0" a=sendonly a=label:2 "$THIRD"
	[ $STATUS = 200 ]
	[ "$(grep ^m= heard.txt | awk '{ print $3 }' | tr '\n' ' ')" = \
	    "RTP/AVP RTP/SAVPF " ]
	[ "$(grep -c "^m=audio 0" heard.txt)" -eq 0 ]
	[ "$(grep -c ^a=crypto: heard.txt)" -eq 1 ]
	stop
}

@test "rtcp-mux is taken where it is offered, and only there" {
	listen tcp:127.0.0.1:0
	dial
	ask a=rtcp-mux "m=audio 9002 RTP/AVPF 0" a=sendonly a=label:2 \
	    a=rtcp:9009
	[ $STATUS = 200 ]
	[ "$(grep -c ^a=rtcp-mux heard.txt)" -eq 1 ]
	sed -n '/^m=/,/^m=/p' heard.txt | head -20 | grep -q ^a=rtcp-mux
	stop
}

@test "every suite: as many packets decrypted as were sent, none refused" {
	listen_tls
	for suite in AES_CM_128_HMAC_SHA1_80 AES_CM_128_HMAC_SHA1_32 \
	    AES_256_CM_HMAC_SHA1_80 AES_256_CM_HMAC_SHA1_32 \
	    AEAD_AES_128_GCM AEAD_AES_256_GCM; do
		rm -rf out
		replay 0 --tls-ca $PKI/ca.pem --srtp sdes --suite $suite
		until_true 2 grep -rq '"event":"end"' out
		[ "$(log 'select(.event == "end") | [.streams[].packets] |
		    add')" -eq "$(jq 'select(.event == "summary") | .packets' \
		    replay.jsonl)" ]
		[ "$(log 'select(.event == "end") | [.streams[] |
		    .unauthentic // 0] | add')" -eq 0 ]
		[ "$(soxi -r $(session)/1.wav)" = 8000 ]
	done
	stop
}

@test "re-INVITEs, new ports and muxed RTCP under SRTP lose nothing" {
	listen_tls
	for flow in pause-resume new-port; do
		rm -rf out
		replay 0 --tls-ca $PKI/ca.pem --srtp sdes --rtcp-mux --flow $flow
		until_true 2 grep -rq '"event":"end"' out
		[ "$(log 'select(.event == "end") | [.streams[].lost] |
		    add')" -eq 0 ]
		[ "$(log 'select(.event == "end") | [.streams[] |
		    .unauthentic // 0] | add')" -eq 0 ]
	done
	stop
}

# Everything that makes a long call hard: a suite that is not spoken comes first,
# keys have names and a lifetime, numbers turn after 25 packets, and each stream
# changes its key when the other does not.
HARD="--suite AES_192_CM_HMAC_SHA1_80,AES_CM_128_HMAC_SHA1_80,AES_CM_128_HMAC_SHA1_32
    --mki 7:2 --lifetime 2^20 --first-seq 65511 --flow new-key"

both_came() {
	came $1/1.wav
	came $1/2.wav
	run ! grep -e unauthentic -e R3711 $1/session.jsonl
}

@test "a turn of the numbers, new keys, names of keys: live, and from what was kept" {
	listen_tls --keep-rtp
	replay 0 --tls-ca $PKI/ca.pem --wav 1=$KNOWN/known.wav \
	    --wav 2=$KNOWN/known.wav --duration 5 --srtp sdes $HARD
	stop
	both_came $(session)
	for i in 2 4 6; do
		[ "$(grep -c "^a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:\*" \
		    $(session)/sdp-000$i.sdp)" -eq 2 ]
	done
	siprec-extract -q -o again $(session)/rtp.pcap
	both_came again/*
}

@test "the same from a capture with SRTP in it, and every suite" {
	for how in "$HARD" "--suite AES_CM_128_HMAC_SHA1_32 --mki 4294967295" \
	    "--suite AES_256_CM_HMAC_SHA1_80" "--suite AES_256_CM_HMAC_SHA1_32" \
	    "--suite AEAD_AES_128_GCM --mki 1:128 --first-seq 65535" \
	    "--suite AEAD_AES_256_GCM --lifetime 4711"; do
		rm -rf again
		echo "$how"
		siprec-replay -q --srtp sdes $how --wav 1=$KNOWN/known.wav \
		    --wav 2=$KNOWN/known.wav --duration 5 -w a.pcap >/dev/null
		siprec-extract -q -o again a.pcap
		both_came again/*
	done
}

@test "secure lines beside plain ones: live, from what was kept, and from a capture" {
	listen_tls --keep-rtp
	replay 0 --tls-ca $PKI/ca.pem --wav 1=$KNOWN/known.wav \
	    --wav 2=$KNOWN/known.wav --duration 5 --srtp none,sdes
	stop
	[ "$(grep ^m= $(session)/sdp-0002.sdp | awk '{ print $3 }' |
	    tr '\n' ' ')" = "RTP/AVP RTP/SAVP " ]
	both_came $(session)
	siprec-extract -q -o again $(session)/rtp.pcap
	both_came again/*
	siprec-replay -q --srtp sdes,none --wav 1=$KNOWN/known.wav \
	    --wav 2=$KNOWN/known.wav --duration 5 -w a.pcap >/dev/null
	siprec-extract -q -o third a.pcap
	both_came third/*
}

@test "-w says that it has nobody to shake hands with" {
	run -64 siprec-replay --srtp dtls -w a.pcap
	[[ "$output" == *"shake hands"* ]]
	[ ! -e a.pcap ]
}

@test "no key and no password stays anywhere: files, logs, capture, words" {
	echo "alice:siprec:SHA-256:$(sha alice:siprec:open-sesame)" >users
	echo open-sesame >pw
	mkdir run
	listen tls:127.0.0.1:0 -l tcp:127.0.0.1:0 \
	    --tls-cert $PKI/server.pem --tls-key $PKI/server.key \
	    --auth users --keep-rtp --log run/log.jsonl --clf run/sip.clf \
	    --control run/socket
	dial
	PROFILE=RTP/SAVP
	offer "$THIRD" | request INVITE secrets 1; tell; expect 401
	offer "$THIRD" | request INVITE secrets 2 \
	    "$(answer INVITE alice open-sesame $(nonce SHA-256) 00000001)"
	tell; expect 200
	ours=$(sed -n 's/^a=crypto:.*inline:\([^|]*\).*/\1/p' heard.txt)
	[ ${#ours} -ge 40 ]
	siprec-ctl run/socket list >run/list.txt
	siprec-ctl run/socket show secrets >run/show.txt
	kill -USR1 $LISTEN
	TO_TAG=$(tag) request ACK secrets 2 </dev/null; tell
	request BYE secrets 3 </dev/null; sed -i \
	    "s/^To: .*/$(field To | sed 's/[&/]/\\&/g; s/^/To: /')\r/" request.txt
	tell; hear
	exec 7>&-
	stop
	[ -e out/secrets/rtp.pcap ]
	for secret in "$KEY3" "$ours" open-sesame \
	    "$(sha alice:siprec:open-sesame)" \
	    "$(sed -n 2p $PKI/server.key)"; do
		run ! grep -rFa -e "$secret" out run events.jsonl words.txt
	done
	# raw bytes of the key, too
	run ! grep -rFa -e "$(printf %s $KEY3 | base64 -d)" out run
	grep -qa 'inline:\*\*\*' out/secrets/sdp-0001.sdp
	grep -qa 'inline:\*\*\*' out/secrets/rtp.pcap
}
