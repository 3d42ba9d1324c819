# SIP over TLS: who is let in, by which name, in which version, and how the
# bytes are cut.
load lib/secure

setup_file() { pki "$BATS_FILE_TMPDIR/pki"; }
setup() { setup_secure; }
teardown() { teardown_secure; }

@test "a call over TLS is recorded, both sides checked, and the log says who it was" {
	listen_tls --tls-verify-client
	replay 0 $(as client)
	stop
	[ "$(log 'select(.event == "begin") | .transport')" = tls ]
	[ "$(log 'select(.event == "begin") | .identity')" = \
	    sip:sbc.example.com ]
	[ "$(log 'select(.event == "begin") | .identity_by')" = tls ]
	[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
	[ "$(log 'select(.event == "end") | .streams | length')" -eq 2 ]
}

@test "without --tls-verify-client everybody is let in, and nobody is anybody" {
	listen_tls
	replay 0 --tls-ca $PKI/ca.pem
	stop
	[ "$(log 'select(.event == "begin") | has("identity")')" = false ]
}

@test "no certificate, one of another authority, expired, for code: none comes in" {
	listen_tls --tls-verify-client
	replay 1 --tls-ca $PKI/ca.pem
	replay 1 $(as stranger)
	replay 1 $(as expired)
	replay 1 $(as purpose)
	[ "$(nsessions)" -eq 0 ]
	replay 0 $(as client)
	stop
	[ "$(nsessions)" -eq 1 ]
}

@test "a revoked certificate stays out, and SIGHUP reads the list again" {
	cp $PKI/ca.crl now.crl
	listen_tls --tls-verify-client --tls-crl now.crl
	replay 1 $(as revoked)
	replay 0 $(as client2)
	cp $PKI/ca2.crl now.crl
	kill -HUP $LISTEN
	until_true 2 grep -q reloaded words.txt
	replay 1 $(as client2)
	replay 0 $(as client)
	stop
	[ "$(nsessions)" -eq 2 ]
}

@test "TLS 1.2 and 1.3 are spoken, 1.1 and old suites are not" {
	listen_tls
	options v12 | client -tls1_2 | grep -q "SIP/2.0 200"
	options v13 | client -tls1_3 | grep -q "SIP/2.0 200"
	run ! client -tls1_1 -cipher 'DEFAULT@SECLEVEL=0' </dev/null
	run ! client -tls1 -cipher 'DEFAULT@SECLEVEL=0' </dev/null
	run ! client -tls1_2 -cipher 'AES128-SHA@SECLEVEL=0' </dev/null
	run ! client -tls1_2 -cipher 'aNULL@SECLEVEL=0' </dev/null
	stop
}

@test "three messages in one record are three, one in fifty records is one" {
	listen_tls
	{ options r1; options r2; options r3; } >three
	(cat three; sleep 0.5) | client >answers
	[ "$(grep -c "^SIP/2.0 200" answers)" -eq 3 ]
	options slow >one
	# s_client makes a record of each read of its input
	(while IFS= read -r -d '' -n 4 four || [ -n "$four" ]; do
		printf %s "$four"
		sleep 0.02
	done <one; sleep 0.5) | client -msg >answers2
	[ "$(grep -ac "^SIP/2.0 200" answers2)" -eq 1 ]
	[ "$(grep -ac '^>>> TLS 1.[23], RecordHeader' answers2)" -ge 50 ]
	stop
}

@test "the certificate is that of the name asked for, else the first" {
	listen tls:127.0.0.1:0 --tls-cert $PKI/server.pem \
	    --tls-key $PKI/server.key --tls-cert $PKI/a.pem \
	    --tls-key $PKI/a.key --tls-cert $PKI/b.pem --tls-key $PKI/b.key
	for name in a b; do
		openssl s_client -connect 127.0.0.1:$PORT -servername \
		    $name.example.com </dev/null 2>/dev/null |
		    openssl x509 -noout -subject | grep -q "CN = $name$"
	done
	openssl s_client -connect 127.0.0.1:$PORT -servername \
	    c.example.com </dev/null 2>/dev/null |
	    openssl x509 -noout -subject | grep -q "CN = server$"
	stop
}

@test "a client takes only a server that proves its name: RFC 5922" {
	for bad in a wild nameless expired purpose; do
		listen tls:127.0.0.1:0 --tls-cert $PKI/$bad.pem \
		    --tls-key $PKI/$bad.key
		replay 1 --tls-ca $PKI/ca.pem
		stop
	done
	listen_tls
	replay 1 --tls-ca $PKI/other.pem
	[ "$(nsessions)" -eq 0 ]
	replay 0 --tls-ca $PKI/ca.pem
	stop
}

@test "SIGHUP takes new certificates while a call goes on" {
	cp $PKI/server.pem now.pem; cp $PKI/server.key now.key
	listen tls:127.0.0.1:0 --tls-cert now.pem --tls-key now.key
	siprec-replay --json --duration 3 --tls-ca $PKI/ca.pem \
	    "sip:rec@127.0.0.1:$PORT;transport=tls" >long.jsonl 3>&- &
	long=$!
	until_true 3 test -d out
	cp $PKI/b.pem now.pem; cp $PKI/b.key now.key
	kill -HUP $LISTEN
	until_true 2 grep -q reloaded words.txt
	openssl s_client -connect 127.0.0.1:$PORT </dev/null 2>/dev/null |
	    openssl x509 -noout -subject | grep -q "CN = b$"
	echo garbage >now.pem
	kill -HUP $LISTEN
	until_true 2 grep -q "old certificates stay" words.txt
	openssl s_client -connect 127.0.0.1:$PORT </dev/null 2>/dev/null |
	    openssl x509 -noout -subject | grep -q "CN = b$"
	wait $long
	stop
	[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
	[ "$(log 'select(.event == "end") | .duration > 2.9')" = true ]
}

@test "who says nothing, or plain SIP, is gone in time" {
	listen_tls
	options plain | timeout 5 nc -w 3 127.0.0.1 $PORT >plain.txt || true
	run ! grep -q SIP plain.txt
	t0=$(date +%s)
	timeout 15 nc -d 127.0.0.1 $PORT || [ $? -ne 124 ]
	t=$(($(date +%s) - t0))
	[ $t -ge 8 ] && [ $t -le 12 ]
	options after | client | grep -q "SIP/2.0 200"
	stop
}

@test "sips: is answered with sips:" {
	listen_tls
	{ options s1 | sed 's/^OPTIONS sip:/OPTIONS sips:/'; } |
	    client >answer
	grep -q "SIP/2.0 200" answer
	grep -qi "^Contact: <sips:" answer
	stop
}

@test "certificates and keys go in pairs, and what cannot be read is said" {
	run -64 siprec-listen --tls-cert $PKI/server.pem
	run -64 siprec-listen --tls-cert $PKI/server.pem --tls-key $PKI/a.key
	[[ $output == *"key values mismatch"* ]]
	run -64 siprec-listen -l tls:127.0.0.1:0
}

# A proxy that speaks TCP to clients and TLS to us, and stays in the dialog.
proxy() {
	KTCP=$((30000 + $$ % 1000 * 2))
	cat >kamailio.cfg <<-K
	#!KAMAILIO
	debug=1
	log_stderror=yes
	children=1
	tcp_children=2
	enable_tls=yes
	auto_aliases=no
	listen=tcp:127.0.0.1:$KTCP
	listen=tls:127.0.0.1:$((KTCP + 1))
	loadmodule "tm.so"
	loadmodule "sl.so"
	loadmodule "rr.so"
	loadmodule "pv.so"
	loadmodule "siputils.so"
	loadmodule "tls.so"
	modparam("tls", "config", "$PWD/tls.cfg")
	request_route {
		if (has_totag()) {
			loose_route();
			t_relay();
			exit;
		}
		if (\$rm == "CANCEL") {
			t_relay();
			exit;
		}
		record_route();
		\$du = "sip:127.0.0.1:$PORT;transport=tls";
		t_relay();
	}
	K
	cat >tls.cfg <<-K
	[server:default]
	method = TLSv1.2+
	certificate = $PKI/server.pem
	private_key = $PKI/server.key
	ca_list = $PKI/ca.pem
	[client:default]
	method = TLSv1.2+
	verify_certificate = yes
	require_certificate = yes
	certificate = $PKI/client.pem
	private_key = $PKI/client.key
	ca_list = $PKI/ca.pem
	K
	kamailio -DD -f kamailio.cfg -Y "$PWD" -P "$PWD/kamailio.pid" \
	    >kamailio.txt 2>&1 3>&- &
	KAMAILIO=$!
	until_true 5 nc -z 127.0.0.1 $KTCP || { cat kamailio.txt; return 1; }
}

@test "Kamailio in front, over TLS with its own certificate, is who we know" {
	command -v kamailio >/dev/null || skip "no Kamailio"
	listen_tls --tls-verify-client
	proxy
	got=0
	timeout 20 siprec-replay --json --duration 2 \
	    "sip:rec@127.0.0.1:$KTCP;transport=tcp" >replay.jsonl \
	    2>replay.txt || got=$?
	kill $KAMAILIO
	wait $KAMAILIO || true
	[ $got -eq 0 ] || { cat replay.txt replay.jsonl; tail kamailio.txt; }
	[ $got -eq 0 ]
	stop
	[ "$(log 'select(.event == "begin") | .identity')" = \
	    sip:sbc.example.com ]
	[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
}
