# secure - certificates, a recording server that asks for them, and callers
# good and bad.  Every function works in $BATS_TEST_TMPDIR.
bats_require_minimum_version 1.5.0

# pki DIR: an authority and what it signed, good and bad, and a wrong one.
pki() {
	mkdir -p "$1" && cd "$1" || return 1
	authority ca
	authority other
	leaf server ca "DNS:localhost,IP:127.0.0.1"
	leaf client ca "URI:sip:sbc.example.com,DNS:sbc.example.com"
	leaf client2 ca "URI:sip:other.example.com"
	leaf revoked ca "DNS:revoked.example.com"
	leaf stranger other "URI:sip:sbc.example.com"
	leaf a ca "DNS:a.example.com"
	leaf b ca "DNS:b.example.com"
	leaf wild ca "DNS:*.example.com"
	leaf nameless ca "email:someone@example.com"
	leaf purpose ca "URI:sip:sbc.example.com" "extendedKeyUsage=codeSigning"
	expired ca
	openssl ca -config ca.cnf -batch -revoke revoked.pem
	openssl ca -config ca.cnf -batch -gencrl -crldays 30 -out ca.crl
	openssl ca -config ca.cnf -batch -revoke client2.pem
	openssl ca -config ca.cnf -batch -gencrl -crldays 30 -out ca2.crl
} >/dev/null 2>&1

authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout $1.key -out $1.pem -days 30 -subj "/CN=$1" \
	    -addext basicConstraints=critical,CA:TRUE \
	    -addext keyUsage=critical,keyCertSign,cRLSign
	: >$1.index
	echo 01 >$1.number
	cat >$1.cnf <<-E
	[ca]
	default_ca = d
	[d]
	database = $PWD/$1.index
	serial = $PWD/$1.number
	crlnumber = $PWD/$1.number
	new_certs_dir = $PWD
	certificate = $PWD/$1.pem
	private_key = $PWD/$1.key
	default_md = sha256
	policy = p
	unique_subject = no
	[p]
	commonName = supplied
	E
}

# leaf NAME CA SAN [extension]
leaf() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout $1.key -out $1.csr -subj "/CN=$1"
	printf '%s\n' "subjectAltName=$3" "${4:-keyUsage=digitalSignature}" \
	    >$1.ext
	openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key \
	    -set_serial 0x$(openssl rand -hex 8) -days 30 -extfile $1.ext \
	    -out $1.pem
}

expired() {
	leaf expired $1 "URI:sip:sbc.example.com"
	openssl ca -config $1.cnf -batch -in expired.csr -out expired.pem \
	    -startdate 20200101000000Z -enddate 20200201000000Z \
	    -extfile expired.ext -notext
}

setup_secure() {
	command -v siprec-listen >/dev/null || skip "siprec-listen is not built"
	command -v siprec-replay >/dev/null || skip "siprec-replay is not built"
	cd "$BATS_TEST_TMPDIR" || return 1
	PKI=$BATS_FILE_TMPDIR/pki
	RTP=$((20000 + $$ % 50 * 200))
	LISTEN=
}

teardown_secure() {
	[ -z "$LISTEN" ] || kill -9 $LISTEN 2>/dev/null || true
}

# listen URL [option]...: the server, until it listens; PORT is its last port.
listen() {
	local url=$1
	shift
	: >words.txt
	siprec-listen -l "$url" -o out --json --min-free 0 \
	    --rtp-ports $RTP-$((RTP + 198)) "$@" >>events.jsonl \
	    2>words.txt 3>&- &
	LISTEN=$!
	until_true 3 grep -q "listening on" words.txt || {
		cat words.txt
		return 1
	}
	PORT=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' words.txt |
	    tail -1)
}

listen_tls() {
	listen tls:127.0.0.1:0 --tls-cert $PKI/server.pem \
	    --tls-key $PKI/server.key --tls-ca $PKI/ca.pem "$@"
}

# until_true SECONDS COMMAND...: it becomes true within that time.
until_true() {
	local i
	for ((i = $1 * 20; i > 0; i--)); do
		"${@:2}" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	echo "within $1 s not true: ${*:2}"
	return 1
}

# stop [STATUS]: SIGTERM; the server ends well.
stop() {
	local got=0
	kill -TERM $LISTEN
	wait $LISTEN || got=$?
	LISTEN=
	[ "$got" -eq "${1:-0}" ] && return 0
	echo "siprec-listen: exit status $got"
	tail -5 words.txt
	return 1
}

# replay STATUS [option]...: a call over TLS; over $TRANSPORT where that is set.
replay() {
	local want=$1 got=0
	shift
	timeout 20 siprec-replay --json --t1 50 --duration 1 "$@" \
	    "sip:rec@127.0.0.1:$PORT;transport=${TRANSPORT-tls}" \
	    >replay.jsonl 2>replay.txt || got=$?
	[ $got -eq $want ] && return 0
	echo "siprec-replay $*: exit status $got, not $want"
	cat replay.txt words.txt
	jq -c 'select(.event == "call")' replay.jsonl
	return 1
}

as() {		# as NAME: options that show this certificate
	echo "--tls-ca $PKI/ca.pem --tls-cert $PKI/$1.pem --tls-key $PKI/$1.key"
}

nsessions() {
	find out -mindepth 1 -maxdepth 1 -type d 2>/dev/null | wc -l
}

session() {
	find out -mindepth 1 -maxdepth 1 -type d | sort | tail -1
}

log() {
	jq -r "$1" "${2:-$(session)}/session.jsonl"
}

# options NAME [n]: OPTIONS as bytes
options() {
	printf '%s\r\n' "OPTIONS sip:rec@127.0.0.1 SIP/2.0" \
	    "Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK$1;rport" \
	    "Max-Forwards: 70" "From: <sip:a@127.0.0.1>;tag=$1" \
	    "To: <sip:rec@127.0.0.1>" "Call-ID: $1" "CSeq: 1 OPTIONS" \
	    "Content-Length: 0" ""
}

# client [s_client option]... <bytes: what the server answers
client() {
	(cat; sleep 0.5) | timeout 5 openssl s_client -connect 127.0.0.1:$PORT -quiet -verify_quiet -no_ign_eof \
	    "$@" 2>client.txt
}

# ---- by hand, over TCP ----

# dial [PORT]: a connection, SIP on descriptor 7.
dial() {
	exec 7<>/dev/tcp/127.0.0.1/${1:-$PORT}
}

# request METHOD CALL CSEQ [header]... <body, empty where it is a terminal:
# what a recording client sends.  TO_TAG makes it one of a dialog.
request() {
	local method=$1 call=$2 cseq=$3 body
	shift 3
	[ -t 0 ] || body=$(cat; echo .)
	body=${body%.}
	body=${body//$'\n'/$'\r\n'}
	{ printf '%s\r\n' "$method ${TARGET:-sip:rec@127.0.0.1:$PORT} SIP/2.0" \
	    "Via: SIP/2.0/${VIA:-TCP} 127.0.0.1:9;branch=z9hG4bK${BRANCH:-$call$cseq};rport" \
	    "Max-Forwards: 70" \
	    "From: <sip:src@127.0.0.1>;tag=${FROM_TAG:-f$call}" \
	    "To: <sip:rec@127.0.0.1>${TO_TAG:+;tag=$TO_TAG}" \
	    "Call-ID: $call" "CSeq: $cseq $method"
	case $method in
	INVITE|UPDATE)
		printf '%s\r\n' "Contact: <sip:src@127.0.0.1:9;transport=tcp>;+sip.src" ;;
	esac
	[ $method != INVITE ] || printf '%s\r\n' "Require: siprec"
	[ $# -eq 0 ] || printf '%s\r\n' "$@"
	[ -z "$body" ] || printf '%s\r\n' "Content-Type: ${TYPE:-application/sdp}"
	printf 'Content-Length: %d\r\n\r\n%s' "$(printf %s "$body" | wc -c)" \
	    "$body"; } >request.txt
}

# tell: what request made, over the connection.
tell() {
	cat request.txt >&7
}

# hear: the next message of the server that is not provisional, in heard.txt;
# STATUS has its status.
hear() {
	local line n
	while :; do
		: >heard.txt
		n=0
		while IFS= read -r -t ${WAIT:-3} line <&7; do
			line=${line%$'\r'}
			[ -n "$line" ] || break
			printf '%s\n' "$line" >>heard.txt
			case ${line,,} in
			content-length:*) n=${line##*:} ;;
			esac
		done
		[ -s heard.txt ] || { STATUS=none; return 0; }
		echo >>heard.txt
		[ $((n)) -eq 0 ] || head -c $((n)) <&7 | tr -d '\r' >>heard.txt
		STATUS=$(sed -n '1s/^SIP\/2.0 \([0-9]*\).*/\1/p' heard.txt)
		[ "${STATUS:-0}" -ge 100 ] && [ $STATUS -lt 200 ] || return 0
	done
}

# expect STATUS: what the server says next.
expect() {
	hear
	[ "$STATUS" = "$1" ] && return 0
	echo "not $1 but $STATUS:"
	cat request.txt heard.txt
	return 1
}

field() {	# field NAME: of what was heard
	sed -n "s/^$1: *//Ip" heard.txt | head -${2:-1} | tail -1
}

tag() {
	field To | sed -n 's/.*;tag=\([^;]*\).*/\1/p'
}

offer() {	# offer [line]...: an offer of one stream, with these lines
	printf '%s\n' v=0 "o=- 7 ${SDP_VERSION:-1} IN IP4 127.0.0.1" s=- \
	    "c=IN IP4 127.0.0.1" "t=0 0" \
	    "m=audio ${MEDIA_PORT:-9000} ${PROFILE:-RTP/AVP} 0" a=sendonly \
	    a=label:1 "$@"
}

sha() {
	printf %s "$1" | openssl dgst -r -${2:-sha256} | cut -d' ' -f1
}

# answer METHOD USER PASSWORD NONCE COUNT: an Authorization header
answer() {
	local uri=sip:rec@127.0.0.1:$PORT ha1 ha2
	ha1=$(sha "$2:siprec:$3")
	ha2=$(sha "$1:$uri")
	echo "Authorization: Digest username=\"$2\", realm=\"siprec\"," \
	    "nonce=\"$4\", uri=\"$uri\", algorithm=SHA-256, qop=auth," \
	    "nc=$5, cnonce=\"abc\"," \
	    "response=\"$(sha "$ha1:$4:$5:abc:auth:$ha2")\""
}

nonce() {	# of the challenge with this algorithm
	grep -i "^WWW-Authenticate:.*algorithm=$1," heard.txt |
	    sed 's/.*nonce="\([^"]*\)".*/\1/'
}

# ---- the Identity header ----

base64url() {
	openssl base64 -A | tr '+/' '-_' | tr -d =
}

# es256 KEY <text: the signature of RFC 7518, two numbers of 32 bytes
es256() {
	local n
	for n in $(openssl dgst -sha256 -sign "$1" |
	    openssl asn1parse -inform DER | sed -n 's/.*INTEGER *://p'); do
		n=$(printf '%64s' "$n" | tr ' ' 0)
		printf "$(sed 's/../\\x&/g' <<<"$n")"
	done | base64url
}

# passport KEY [compact|full]: Date and Identity of a call from src to rec, as
# RFC 8225 serializes it.  ORIG, DEST say otherwise who that is, AGE how many
# seconds old it is, INFO where the certificate is, MKY adds a claim.
passport() {
	local at=$(($(date +%s) - ${AGE:-0})) head claims info
	info=${INFO:-https://cert.example.org/passport.cer}
	head=$(printf %s '{"alg":"ES256","typ":"passport",' \
	    "\"x5u\":\"$info\"}" | base64url)
	claims=$(printf %s '{"dest":{"uri":["' "${DEST:-sip:rec@127.0.0.1}" \
	    '"]},"iat":' $at ${MKY:+",\"mky\":$MKY"} ',"orig":' \
	    "${ORIG:-{\"uri\":\"sip:src@127.0.0.1\"\}}" '}' | base64url)
	echo "Date: $(LC_ALL=C date -u -d @$at '+%a, %d %b %Y %T GMT')"
	echo "Identity: $([ "${2-}" = full ] && echo "$head.$claims" ||
	    echo .).$(printf %s "$head.$claims" | es256 "$1");info=<$info>"
}

# ---- samples that are known ----

# known SECONDS: KNOWN/known.wav is a sound that mu-law gives back as it is.
known() {
	export KNOWN=$PWD
	sox -n -r 8000 -c 1 -b 16 first.wav synth $1 sine 300-900 gain -6
	siprec-replay -q --wav 1=first.wav -w first.pcap >/dev/null
	siprec-extract -q -o first first.pcap
	cp first/*/1.wav known.wav
}

# came FILE: all of it stands there, and nothing else.
came() {
	wavcmp -f $(soxi -s $KNOWN/known.wav) \
	    $(sox $KNOWN/known.wav -t raw - | sha256sum | cut -d' ' -f1) $1
}
