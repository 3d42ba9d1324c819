# The Identity header (RFC 8224): whose PASSporT is good, and what the others
# are told.
load lib/secure

setup_file() { pki "$BATS_FILE_TMPDIR/pki"; }
setup() { setup_secure; }
teardown() { teardown_secure; }

# The certificate "server" is for 127.0.0.1, the domain of our caller.
listen_for() {
	local how=$1
	shift
	listen tcp:127.0.0.1:0 --identity $how "$@"
}

# call: what request made, over a connection of its own, where no copies of
# earlier answers come.
call() {
	exec 7>&-
	dial
	tell
}

# ring NAME [header]...: an INVITE
ring() {
	local name=$1
	shift
	offer | request INVITE $name 1 "$@"
	call
}

# signed NAME KEY [form]: with a PASSporT
signed() {
	local lines
	mapfile -t lines < <(passport $PKI/$2.key ${3-})
	ring $1 "${lines[@]}"
}

begins() {
	jq -r 'select(.event == "begin") |
	    [.passport, .orig, .dest] | join(" ")' events.jsonl
}

@test "require: each fault has its own answer, RFC 8224 6.2.2" {
	listen_for require --identity-cert $PKI/server.pem
	signed good server; expect 200
	signed goodfull server full; expect 200
	ring absent; expect 428
	[ "$(head -1 heard.txt)" = "SIP/2.0 428 Use Identity Header" ]
	AGE=70 signed stale server; expect 403
	[ "$(head -1 heard.txt)" = "SIP/2.0 403 Stale Date" ]
	AGE=-70 signed early server full; expect 403
	AGE=50 signed inTime server; expect 200
	signed forged client; expect 438
	[ "$(head -1 heard.txt)" = "SIP/2.0 438 Invalid Identity Header" ]
	field Warning | grep -q "the signature is wrong"
	# Whoever signed for somebody else, or for another to be called.
	ORIG='{"uri":"sip:other@127.0.0.1"}' signed from server; expect 438
	ORIG='{"uri":"sip:other@127.0.0.1"}' signed from2 server full
	expect 438
	DEST=sip:other@127.0.0.1 signed to server; expect 438
	DEST=sip:other@127.0.0.1 signed to2 server full; expect 438
	stop
	[ "$(nsessions)" -eq 3 ]
	[ "$(begins | sort -u)" = \
	    "verified sip:src@127.0.0.1 sip:rec@127.0.0.1" ]
}

@test "require: what is altered on the way is not believed" {
	listen_for require --identity-cert $PKI/server.pem
	for form in compact full; do
		for what in 's/sip:src@/sip:sr2@/' \
		    's/^Date: .*GMT/Date: Thu, 01 Jan 1970 00:00:00 GMT/' \
		    's/passport.cer/passpor7.cer/' \
		    's/\(Identity: .*\).;info/\1;info/' \
		    's/^\(To: <sip:\)rec/\1re2/' ; do
			mapfile -t lines < <(passport $PKI/server.key $form)
			n=$((n + 1))
			offer | request INVITE $form$n 1 "${lines[@]}"
			sed -i "$what" request.txt
			call; hear
			echo "$form $what: $STATUS" >>told.txt
		done
	done
	stop
	cat told.txt
	# A full form carries its own time: Date may have been written anew.
	[ "$(grep -c ': 438$' told.txt)" -eq 8 ]
	[ "$(grep '1970' told.txt | sed 's/.*: //' | tr '\n' ' ')" = "403 200 " ]
	[ "$(nsessions)" -eq 1 ]
}

@test "log: all are recorded, and the log says how it was" {
	listen_for log --identity-cert $PKI/server.pem
	signed good server; expect 200
	ring absent; expect 200
	AGE=3600 signed stale server; expect 200
	signed forged client full; expect 200
	stop
	[ "$(begins | cut -d' ' -f1 | tr '\n' ' ')" = \
	    "verified none stale invalid " ]
	[ "$(nsessions)" -eq 4 ]
}

@test "--identity-cert: by URI, from an authority, for its domain, in its time" {
	listen_for require --identity-ca $PKI/ca.pem \
	    --identity-cert https://a.example/=$PKI/server.pem \
	    --identity-cert https://b.example/?x=1=$PKI/stranger.pem \
	    --identity-cert https://c.example/=$PKI/expired.pem \
	    --identity-cert https://d.example/=$PKI/client.pem
	INFO=https://a.example/ signed a server; expect 200
	# Its authority is not one of ours.
	INFO="https://b.example/?x=1" signed b stranger; expect 437
	INFO=https://c.example/ signed c expired; expect 437
	# It is for sbc.example.com, and we are called by 127.0.0.1.
	INFO=https://d.example/ signed d client; expect 437
	INFO=https://d.example/ signed e server; expect 438
	INFO=https://e.example/ signed f server; expect 436
	[ "$(head -1 heard.txt)" = "SIP/2.0 436 Bad Identity Info" ]
	stop
	[ "$(nsessions)" -eq 1 ]
}

@test "a number wants no domain; SIGHUP reads the certificates again" {
	cp $PKI/client.pem signer.pem
	listen_for require --identity-cert signer.pem
	mapfile -t lines < <(ORIG='{"tn":"12155551212"}' \
	    passport $PKI/client.key)
	for name in one two; do
		offer | request INVITE $name 1 "${lines[@]}"
		sed -i 's/^From: <sip:src@127.0.0.1>/From: <sip:+1-215-555-1212@127.0.0.1;user=phone>/' \
		    request.txt
		call
		[ $name = one ] || break
		expect 200
		cp $PKI/client2.pem signer.pem
		kill -HUP $LISTEN
		until_true 3 grep -q reloaded words.txt
	done
	expect 438
	stop
	[ "$(begins)" = "verified 12155551212 sip:rec@127.0.0.1" ]
}

@test "a PASSporT of a type that is not known counts as none" {
	listen_for require --identity-cert $PKI/server.pem
	mapfile -t lines < <(passport $PKI/server.key)
	ring shaken "${lines[@]/%cer>/cer>;ppt=\"shaken\"}"; expect 428
	# Beside one that is known it does no harm.
	ring both "${lines[@]/%cer>/cer>;ppt=\"shaken\"}" "${lines[1]}"
	expect 200
	stop
}

@test "the fingerprints of the offer are signed with it" {
	listen_for require --identity-cert $PKI/server.pem
	local key="AA:BB:CC:DD" mky='[{"alg":"sha-256","dig":"AABBCCDD"}]'
	for case in compact:"$mky":200 full:"$mky":200 compact::438 full::438 \
	    full:'[{"alg":"sha-256","dig":"AABBCCDE"}]':438; do
		mapfile -t lines < <(m=${case#*:} && MKY=${m%:*} \
		    passport $PKI/server.key ${case%%:*})
		n=$((n + 1))
		offer "a=fingerprint:sha-256 $key" |
		    request INVITE k$n 1 "${lines[@]}"
		call; expect ${case##*:}
	done
	stop
}

@test "--identity and --identity-cert go together, and files must be there" {
	run -64 siprec-listen --identity require
	run -64 siprec-listen --identity-cert $PKI/server.pem
	run -64 siprec-listen --identity maybe --identity-cert $PKI/server.pem
	run -64 siprec-listen --identity log --identity-cert $PKI/server.key
	run -66 siprec-listen --identity log --identity-cert none.pem
	run -66 siprec-listen --identity log --identity-cert $PKI/server.pem \
	    --identity-ca none.pem
}
