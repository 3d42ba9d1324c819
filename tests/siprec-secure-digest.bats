# Digest: who knows a password is let in, and only once with the same words.
load lib/secure

setup() {
	setup_secure
	TRANSPORT=tcp
	printf '%s\n' "alice:siprec:SHA-256:$(sha alice:siprec:wonder)" \
	    "alice:siprec:SHA-512-256:$(sha alice:siprec:wonder sha512-256)" \
	    "bob:siprec:SHA-256:$(sha bob:siprec:builder)" \
	    "bob:siprec:SHA-512-256:$(sha bob:siprec:builder sha512-256)" >users
	echo wonder >right
	echo blunder >wrong
}
teardown() { teardown_secure; }

@test "the right password is let in, over every transport, and the log says whose" {
	listen sip:127.0.0.1:0 --auth users
	replay 0 --user alice --password-file right
	TRANSPORT=udp replay 0 --user alice --password-file right
	stop
	[ "$(nsessions)" -eq 2 ]
	for d in out/*; do
		[ "$(log 'select(.event == "begin") |
		    .identity + " " + .identity_by' $d)" = "alice digest" ]
	done
}

@test "the wrong one, somebody else's, and none are not" {
	listen sip:127.0.0.1:0 --auth users
	replay 1 --user alice --password-file wrong
	replay 1 --user bob --password-file right
	replay 1 --user carol --password-file right
	replay 1
	stop
	[ "$(nsessions)" -eq 0 ]
	run ! grep -r -e wonder -e blunder events.jsonl words.txt
}

@test "the best algorithm comes first, with qop, and no Basic" {
	listen tcp:127.0.0.1:0 --auth users
	dial
	offer | request INVITE best 1; tell
	expect 401
	[ "$(grep -ic ^WWW-Authenticate: heard.txt)" -eq 2 ]
	[[ $(field WWW-Authenticate 1) == *algorithm=SHA-512-256,* ]]
	[[ $(field WWW-Authenticate 2) == *algorithm=SHA-256,* ]]
	[ "$(grep -c 'realm="siprec".*qop="auth"' heard.txt)" -eq 2 ]
	stop
}

@test "an answer is good once: replayed it is stale, with the next count good" {
	listen tcp:127.0.0.1:0 --auth users
	dial
	request OPTIONS one 1; tell; expect 401
	n=$(nonce SHA-256)
	request OPTIONS one 2 "$(answer OPTIONS alice wonder $n 00000001)"
	tell; expect 200
	request OPTIONS one 3 "$(answer OPTIONS alice wonder $n 00000001)"
	tell; expect 401
	grep -q "stale=true" heard.txt
	request OPTIONS one 4 "$(answer OPTIONS alice wonder $n 00000002)"
	tell; expect 200
	request OPTIONS one 5 "$(answer OPTIONS alice blunder $n 00000003)"
	tell; expect 401
	run ! grep -q stale heard.txt
	stop
}

@test "a nonce of another life of the server is stale" {
	listen tcp:127.0.0.1:0 --auth users
	dial
	request OPTIONS old 1; tell; expect 401
	n=$(nonce SHA-256)
	exec 7>&-
	stop
	listen tcp:127.0.0.1:0 --auth users
	dial
	request OPTIONS old 2 "$(answer OPTIONS alice wonder $n 00000001)"
	tell; expect 401
	grep -q "stale=true" heard.txt
	request OPTIONS old 3 "$(answer OPTIONS alice wonder \
	    $(nonce SHA-256) 00000001)"
	tell; expect 200
	stop
}

@test "ACK and CANCEL are never challenged" {
	listen tcp:127.0.0.1:0 --auth users --answer-delay 2000
	dial
	offer | request INVITE c 1; tell; expect 401
	n=$(nonce SHA-256)
	TO_TAG=$(tag) request ACK c 1 </dev/null; tell
	WAIT=0.5 hear; [ $STATUS = none ]
	offer | request INVITE c 2 "$(answer INVITE alice wonder $n 00000001)"
	tell
	sleep 0.3
	request CANCEL c 2 </dev/null; tell
	expect 200
	[[ $(field CSeq) == *CANCEL ]]
	expect 487
	TO_TAG=$(tag) request ACK c 2 </dev/null; tell
	WAIT=0.5 hear; [ $STATUS = none ]
	stop
}

@test "an answer for another URI is none" {
	listen tcp:127.0.0.1:0 --auth users
	dial
	request OPTIONS u 1; tell; expect 401
	a=$(answer OPTIONS alice wonder $(nonce SHA-256) 00000001)
	TARGET=sip:other@127.0.0.1:$PORT request OPTIONS u 2 "$a"
	tell; expect 401
	stop
}
