# What the running server may do: no core, no new rights, its own directories,
# its own system calls - and it still does all that it does.
load lib/secure

setup_file() { pki "$BATS_FILE_TMPDIR/pki"; }
setup() { setup_secure; }
teardown() { teardown_secure; }

status_of() {
	awk -v k="$1:" '$1 == k { print $2 }' /proc/$LISTEN/task/*/status |
	    sort -u
}

@test "no core, no new rights, a filter of system calls: in every thread" {
	listen_tls
	awk '/^Max core file size/ { exit !($5 == 0 && $6 == 0) }' \
	    /proc/$LISTEN/limits
	[ "$(status_of NoNewPrivs)" = 1 ]
	siprec-listen --version | grep -q "without libseccomp" ||
	    [ "$(status_of Seccomp)" = 2 ]
	stop
}

@test "inside it everything goes on: TLS, SRTP, files, logs, control, reload" {
	mkdir -p log
	listen tls:127.0.0.1:0 --tls-cert $PKI/server.pem \
	    --tls-key $PKI/server.key --tls-ca $PKI/ca.pem \
	    --tls-verify-client -o 'rec/%Y/%m' --log log/all.jsonl \
	    --clf log/sip.clf --control log/socket --metrics 127.0.0.1:$((RTP + 199)) \
	    --keep-rtp --mix multi
	replay 0 $(as client) --srtp sdes
	kill -HUP $LISTEN
	until_true 2 grep -q reloaded words.txt
	run ! grep -i -e sandbox -e "not permitted" -e "stays" -e stay words.txt
	mv log/all.jsonl log/old.jsonl
	kill -HUP $LISTEN
	until_true 2 test -e log/all.jsonl
	siprec-ctl log/socket list
	replay 0 $(as client)
	stop
	[ "$(find rec -name mix.wav | wc -l)" -eq 2 ]
	[ "$(find rec -name rtp.pcap | wc -l)" -eq 2 ]
	[ ! -e log/socket ]
	run ! grep -e "not permitted" -e denied words.txt
}

@test "files outside of what it was told of are out of reach, where the kernel has Landlock" {
	mkdir in out-of-reach rec
	cp $PKI/server.pem $PKI/server.key in
	listen tls:127.0.0.1:0 --tls-cert in/server.pem \
	    --tls-key in/server.key -o rec
	cp $PKI/b.pem out-of-reach/server.pem
	cp $PKI/b.key out-of-reach/server.key
	ln -sf "$PWD/out-of-reach/server.pem" in/server.pem
	ln -sf "$PWD/out-of-reach/server.key" in/server.key
	kill -HUP $LISTEN
	until_true 2 grep -q reloaded words.txt
	if ! grep -q "old certificates stay" words.txt; then
		stop
		skip "no Landlock here"
	fi
	stop
}

@test "--no-sandbox leaves all that out, and programs of the operator run" {
	listen sip:127.0.0.1:0 --no-sandbox
	[ "$(status_of NoNewPrivs)" = 0 ]
	[ "$(status_of Seccomp)" = 0 ]
	stop
	listen sip:127.0.0.1:0 --on-event 'cat >>told.jsonl'
	[ "$(status_of NoNewPrivs)" = 1 ]
	TRANSPORT=tcp replay 0
	stop
	grep -q '"event":"end"' told.jsonl
}
