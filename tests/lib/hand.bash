# hand - captures by hand: raw IP, big-endian, a message a second, for what
# mkcap's clients, who do everything right, never send.

be() {
	local i
	for ((i = $1 - 1; i >= 0; i--)); do
		printf "\\x$(printf %02x $(($2 >> 8 * i & 255)))"
	done
}

capture_begin() {
	shopt -s lastpipe	# so that datagram can count
	be 4 0xa1b2c3d4; be 4 0x20004; be 8 0; be 4 65535; be 4 101
	now=1767225600
}

# frame SRC DST SPORT DPORT MICROSECONDS: a datagram with what is in payload.
# SRC and DST are last bytes of addresses in 192.0.2.0/24.
frame() {
	local n=$(($(wc -c <payload) + 28))
	be 4 $now; be 4 $5; be 4 $n; be 4 $n
	be 4 $((0x45000000 + n)); be 4 0x4000; be 4 0x40110000
	be 4 $((0xc0000200 + $1)); be 4 $((0xc0000200 + $2))
	be 2 $3; be 2 $4; be 4 $((n - 20 << 16))
	cat payload
}

# datagram SRC DST: a SIP message from standard input, with LF for CRLF;
# eol= makes it LF.
datagram() {
	sed "s/\$/${eol-\\r}/" >payload
	frame $1 $2 5060 5060 0
	now=$((now + 1))
}

# rtp SEQUENCE PLACE TYPE PAYLOAD: a packet of 20 ms, from 192.0.2.1:20001 to
# 192.0.2.2:20002, at PLACE times 20 ms; the clock of messages stands still.
rtp() {
	{ be 2 $((0x8000 + $3)); be 2 $1; be 4 $(($2 * 160)); be 4 0x1234
	  printf "$4"; } >payload
	frame 1 2 20001 20002 $(($1 * 20000))
}

# head_of CALL CSEQ TAG START-LINE [header]...: what every message needs
head_of() {
	printf '%s\n' "$4" "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK$1$2" \
	    "From: <sip:a@192.0.2.1>;tag=a" "To: <sip:b@192.0.2.2>$3" \
	    "Call-ID: $1" "CSeq: $2"
	shift 4
	printf '%s\n' "$@" ""
}

sdp() {
	printf '%s\n' v=0 "o=- 1 1 IN IP4 192.0.2.1" s=- \
	    "c=IN IP4 192.0.2.$1" "t=0 0" "m=audio $((20000 + $1)) RTP/AVP 0" \
	    "a=$2" a=label:1 "$3"
}

# metadata DATAMODE ASSOCIATION
metadata() {
	cat <<-END
	<recording xmlns="urn:ietf:params:xml:ns:recording:1">
	<datamode>$1</datamode>
	<session session_id="Hm/j4vC4U8axmLgQZDWLBA=="/>
	<participant participant_id="pElsqgHhXFqEOmrBum2wMA==">
	<nameID aor="sip:alice@example.com"/></participant>
	<stream stream_id="LIJNPGRnVFCLITcuy57Epg=="
	session_id="Hm/j4vC4U8axmLgQZDWLBA=="><label>1</label></stream>
	<participantstreamassoc participant_id="pElsqgHhXFqEOmrBum2wMA==">
	$2</participantstreamassoc></recording>
	END
}
