# siprec-cluster(7): what stands around its proxy runs as it stands there.
bats_require_minimum_version 1.5.0
load lib/cluster

setup() { setup_cluster; }
teardown() { teardown_cluster; }

@test "every example of the page is run by a test" {
	for name in $(sed -n 's/^\.\\" example //p' "$PAGE"); do
		echo "$name"
		grep -q "example $name" "$BATS_TEST_FILENAME" \
		    "$BATS_TEST_DIRNAME/lib/cluster.bash"
	done
	# And the picture is the only other one.
	[ "$(grep -c '^\.Bd -literal' "$PAGE")" -eq \
	    $(($(grep -c '^\.\\" example ' "$PAGE") + 1)) ]
}

@test "Redis and Sentinel do what a store does, and outlive a machine" {
	redis_cluster
	storetest -r 50 -p password $STORE
	storetest -k -p password $STORE >keeper.txt 2>&1 3>&- &
	KEEPER=$!
	PIDS="$PIDS $KEEPER"
	sleep 1
	gone $R1
	until_true 10 grep -q ^down keeper.txt
	until_true 30 grep -q ^up keeper.txt
	one_redis 1			# it returns, and is a replica
	until_true 20 eval "redis-cli -p $P1 --user siprec --pass change-me role |
	    head -1 | grep -q slave"
	kill -TERM $KEEPER
	wait $KEEPER || { cat keeper.txt; false; }
}

@test "a Redis master that is alone takes no writes" {
	redis_cluster
	gone $R2
	gone $R3
	until_true 20 eval "storetest -p password \
	    redis://siprec@127.0.0.1:$P1 what_was_put | grep -q NOREPLICAS"
}

@test "users of Redis may do no more than they need" {
	redis_cluster
	who() { redis-cli -p $P1 --user $1 --pass change-me "${@:2}" 2>&1; }
	who siprec set siprec:x 1 | grep -q OK
	who siprec set other 1 | grep -q NOPERM
	who siprec flushall | grep -q NOPERM
	who siprec config get requirepass | grep -q NOPERM
	who siprec acl list | grep -q NOPERM
	who replica get siprec:x | grep -q NOPERM
	who sentinel get siprec:x | grep -q NOPERM
	redis-cli -p $P1 get siprec:x | grep -q NOAUTH
}

@test "TLS to Redis through stunnel, which looks who is there" {
	command -v stunnel >/dev/null || skip "stunnel is not installed"
	local tls=$(free_port) plain=$(free_port) pid
	setup_redis
	mkdir etc
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=redis \
	    -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem
	RPORT=$(free_port)
	redis --tls-port $tls --tls-cert-file cert.pem --tls-key-file key.pem \
	    --tls-ca-cert-file cert.pem --tls-auth-clients no
	for who in 127.0.0.1 127.0.0.2; do
		{
			printf 'foreground = yes\npid =\n'
			example stunnel.conf | sed "s/127.0.0.1:6379/127.0.0.1:$plain/
			    s/192.0.2.21:6380/127.0.0.1:$tls/
			    s|/etc/ssl/certs/ca-certificates.crt|$PWD/cert.pem|
			    s/checkIP = .*/checkIP = $who/"
		} >stunnel.conf
		stunnel stunnel.conf >stunnel.txt 2>&1 3>&- &
		pid=$!
		PIDS="$PIDS $pid"
		until_true 5 nc -z 127.0.0.1 $plain
		if [ $who = 127.0.0.1 ]; then
			storetest -r 10 redis://127.0.0.1:$plain
		else
			run -69 storetest redis://127.0.0.1:$plain
		fi
		kill $pid
		wait $pid || true
	done
}

@test "the unit with what is set for a cluster is one that systemd takes" {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
	local bin=$(dirname "$(command -v siprec-listen)")
	mkdir -p siprec-listen.service.d
	sed "s|/usr/local/bin/|$bin/|" \
	    "$BATS_TEST_DIRNAME/../lib/systemd/siprec-listen.service" \
	    >siprec-listen.service
	example cluster.conf | sed "s|/usr/local/bin/|$bin/|" \
	    >siprec-listen.service.d/cluster.conf
	systemd-analyze verify --man=no ./siprec-listen.service 2>&1 | tee said
	[ ! -s said ]
	# The command line itself, as systemd would fill it in.
	example cluster.conf | sed -n '/^ExecStart=./,/[^\\]$/p' |
	    sed 's/^ExecStart=//; s/%H/one/; s|/usr/local/bin/||' >start.sh
	redis_cluster
	sed -i "s|redis-sentinel://[^ ]*|$STORE|
	    s/\$SIPREC_OPTIONS/-l sip:127.0.0.1:0 --min-free 0 --json/" start.sh
	mkdir state run
	(STATE_DIRECTORY=$PWD/state RUNTIME_DIRECTORY=$PWD/run \
	    CREDENTIALS_DIRECTORY=$PWD exec sh -c "$(sed '1s/^/exec /;
	    s|/store-password|/password|' start.sh)") >start.txt 2>&1 3>&- &
	PIDS="$PIDS $!"
	until_true 5 test -S run/control || { cat start.sh start.txt; false; }
}

# ---- what others do with it ----

# said_by FILE: the recording server of an example and what hears its events,
# and one call to it; $LISTEN is the server.
said_by() {
	local port=$(free_port)
	redis
	sed -i "s|redis://siprec@192.0.2.21|redis://127.0.0.1:$RPORT|
	    s|^siprec-listen|& -l sip:127.0.0.1:$port -o out --min-free 0|" $1
	! grep 192.0.2 $1
	bash $1 >said.txt 2>&1 3>&- &
	PIDS="$PIDS $!"
	until_true 5 nc -z 127.0.0.1 $port || { cat $1 said.txt; false; }
	LISTEN=$(pgrep -f "siprec-listen -l sip:127.0.0.1:$port")
	PIDS="$PIDS $LISTEN"
	siprec-replay --json --duration 1 sip:rec@127.0.0.1:$port >calls.jsonl
	CALL_ID=$(jq -r 'select(.event == "call") | .call_id' calls.jsonl)
}

# broker: one that lives in a consumer, as librdkafka has it for tests; it is
# $BROKER, and what it gets goes to kafka.txt, each with its key.
broker() {
	command -v kcat >/dev/null || skip "kcat is not installed"
	kcat -C -u -q -b none -t siprec -o beginning -f '%k %s\n' -d mock \
	    -X test.mock.num.brokers=1 >kafka.txt 2>broker.txt 3>&- &
	PIDS="$PIDS $!"
	until_true 5 grep -qo '127.0.0.1:[0-9]*' broker.txt
	BROKER=$(grep -o '127.0.0.1:[0-9]*' broker.txt | head -1)
}
kafka_has_all() {
	until_true 10 grep -q '"event":"end"' kafka.txt || { cat said.txt; false; }
	[ "$(awk '{ print $1 }' kafka.txt | sort -u)" = "$CALL_ID" ]
	sed 's/^[^ ]* //' kafka.txt | jq -r .event >names
	[ "$(sed -n '1p; $p' names | paste -sd ' ')" = "begin end" ]
	sed 's/^[^ ]* //' kafka.txt | jq -c . >kafka.jsonl
	jq -c . out/*/session.jsonl | cmp - kafka.jsonl
}

@test "events go to Kafka through a pipe" {
	setup_redis
	broker
	example kafka | sed "s/192.0.2.31/$BROKER/" >kafka.sh
	said_by kafka.sh
	kill $LISTEN			# what kcat has read, it sends now
	kafka_has_all
}

@test "events go to Kafka at once, in order" {
	setup_redis
	broker
	example kafka-at-once | sed "s/192.0.2.31/$BROKER/" >kafka.sh
	said_by kafka.sh
	kafka_has_all
}

@test "events go to NATS" {
	command -v nats-server >/dev/null || skip "nats-server is not installed"
	command -v mosquitto_pub >/dev/null ||
		skip "mosquitto-clients is not installed"
	setup_redis
	local nats=$(free_port) mqtt=$(free_port)
	cat >nats.conf <<-T
		listen: 127.0.0.1:$nats
		server_name: one
		jetstream { store_dir: $PWD/nats }
		mqtt { listen: 127.0.0.1:$mqtt }
	T
	nats-server -c nats.conf >nats.txt 2>&1 3>&- &
	PIDS="$PIDS $!"
	until_true 5 nc -z 127.0.0.1 $mqtt
	{ printf 'SUB siprec.events 1\r\n'; sleep 30; } |
	    nc 127.0.0.1 $nats >heard.txt 3>&- &
	PIDS="$PIDS $!"
	until_true 5 grep -q OK heard.txt
	example nats | sed "s/-h 192.0.2.32/-h 127.0.0.1 -p $mqtt/" >nats.sh
	said_by nats.sh
	until_true 10 grep -q '"event":"end"' heard.txt
	grep -q '"event":"begin"' heard.txt
}

captures() {
	command -v siprec-extract >/dev/null ||
		skip "siprec-extract is not built"
	mkdir -p captures/deep calls
	for i in 1 2 3 4 5; do
		mkcap --seed $i --seconds 1 -w captures/deep/$i.pcap
	done
}
all_done() {
	[ "$(ls -d calls/*/ | wc -l)" -eq 5 ]
	[ "$(cat captures/deep/*.jsonl | grep -c '"event":"end"')" -eq 5 ]
}

@test "captures are read on many machines by GNU parallel, once" {
	command -v parallel >/dev/null || skip "parallel is not installed"
	captures
	# This machine is ":" to it: as another one, but without ssh.
	example parallel | sed "s/8.192.0.2.41,8.192.0.2.42/2:/
	    s/2:/2\\/:/; s|/srv|$PWD|g" >parallel.sh
	! grep 192.0.2 parallel.sh
	bash parallel.sh
	all_done
	[ "$(wc -l <done.tsv)" -eq 6 ]
	rm -r calls
	bash parallel.sh
	[ ! -e calls ]
}

@test "captures are read by the tasks of Slurm, each by one" {
	captures
	example extract.sh | sed "s|/srv|$PWD|g" >extract.sh
	for i in 0 1 2; do
		SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_ID=$i sh extract.sh
		ls captures/deep/*.jsonl | wc -l >>done
	done
	[ "$(tail -1 done)" -eq 5 ]
	[ "$(head -1 done)" -lt 5 ]
	all_done
}
