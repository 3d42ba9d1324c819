# Stores of records as siprec-listen uses them: each kind does the same, also
# when its server goes away, changes or is not let in.
bats_require_minimum_version 1.5.0
load lib/redis

setup() {
	command -v storetest >/dev/null || skip "storetest is not built"
	setup_redis
}
teardown() { teardown_redis; }

# keeper URL: one at work in the background; finish ends it.
keeper() {
	storetest -k "$@" >keeper.txt 2>&1 3>&- &
	KEEPER=$!
	PIDS="$PIDS $KEEPER"
}
finish() {
	local got=0
	kill -TERM $KEEPER
	wait $KEEPER || got=$?
	cat keeper.txt
	[ "$got" -eq "${1:-0}" ]
}
told() { grep -q "^$1" keeper.txt; }

@test "Redis does what a store does, and a thousand races have one winner each" {
	redis
	storetest -r 1000 redis://127.0.0.1:$RPORT
}

@test "a file does, with a thousand races" {
	storetest -r 1000 sqlite:$PWD/store
	[ "$(stat -c %a store)" = 600 ]
}

@test "an ACL user with few rights, a database and a password file will do" {
	redis --requirepass other
	redis-cli -p $RPORT -a other --no-auth-warning ACL SETUSER siprec on \
	    '>se/cret' '~siprec:*' -@all +@read +@write +@scripting \
	    -@dangerous +select +time +ping
	printf 'se/cret\nmore\n' >password
	storetest -r 50 -p password redis://siprec@127.0.0.1:$RPORT/3
	storetest -r 50 redis://siprec:se%2Fcret@127.0.0.1:$RPORT/3
	redis-cli -p $RPORT -a other --no-auth-warning -n 3 --scan >keys
	grep -q '^siprec:' keys
	! grep -v '^siprec:' keys
	printf other >password
	storetest -r 50 -p password redis://127.0.0.1:$RPORT
}

@test "who is not let in is told so, and no password is" {
	redis --requirepass right
	redis-cli -p $RPORT -a right --no-auth-warning ACL SETUSER poor on \
	    '>s3cret' '~other:*' +@all
	run -69 storetest redis://127.0.0.1:$RPORT
	[[ $output = "storetest: redis 127.0.0.1:$RPORT: a password is wanted" ]]
	run -69 storetest redis://:s3cret@127.0.0.1:$RPORT
	[[ $output = *"the user or the password is not accepted" ]]
	run -69 storetest redis://who:s3cret@127.0.0.1:$RPORT
	[[ $output = *"the user or the password is not accepted" ]]
	[[ $output != *s3cret* ]]
	run -1 storetest redis://poor:s3cret@127.0.0.1:$RPORT what_was_put
	[[ $output = *"NOPERM"* ]] && [[ $output != *s3cret* ]]
	redis-cli -p $RPORT -a right --no-auth-warning ACL SETUSER mute on \
	    '>s3cret' '~*' +@all -script
	run -69 storetest redis://mute:s3cret@127.0.0.1:$RPORT
	[[ $output = *"NOPERM"* ]] && [[ $output != *s3cret* ]]
}

@test "a server that does not know AUTH is not asked to repeat it" {
	redis --rename-command AUTH ""
	run -69 storetest redis://who:s3cret@127.0.0.1:$RPORT
	[[ $output = *"it takes no user and password" ]]
	[[ $output != *s3cret* ]]
}

@test "a server that is not there, hangs or is a replica is said" {
	RPORT=$(free_port)
	run -69 storetest redis://127.0.0.1:$RPORT
	[[ $output = *"redis 127.0.0.1:$RPORT: Connection refused" ]]
	redis
	kill -STOP $SERVER
	run -69 storetest redis://127.0.0.1:$RPORT
	[[ $output = *"no answer in 1000 ms" ]]
	kill -CONT $SERVER
	redis-cli -p $RPORT replicaof 127.0.0.1 1
	run -1 storetest redis://127.0.0.1:$RPORT what_was_put
	[[ $output = *"READONLY"* ]]
}

@test "the server is killed and begins anew while a keeper works: nothing is lost" {
	redis
	keeper redis://127.0.0.1:$RPORT
	sleep 1
	gone $SERVER
	until_true 5 told down
	sleep 1
	redis
	until_true 5 told up
	sleep 0.5
	finish
	[ "$(grep -c ^down keeper.txt)" -eq 1 ]
	[ "$(grep -c ^up keeper.txt)" -eq 1 ]
	[ "$(grep -c ^lost keeper.txt)" -eq 0 ]
}

@test "scripts, connections and the server's time to think may go: nobody is told" {
	redis
	keeper redis://127.0.0.1:$RPORT
	sleep 0.5
	redis-cli -p $RPORT script flush
	sleep 0.3
	redis-cli -p $RPORT client kill type normal
	sleep 0.3
	kill -STOP $SERVER
	sleep 0.5
	kill -CONT $SERVER
	finish
	! grep -v "puts.*50 of 50" keeper.txt
}

@test "a file that is taken away and put back while a keeper works" {
	mkdir dir
	keeper sqlite:$PWD/dir/store
	sleep 0.5
	mv dir away
	until_true 5 told down
	mv away dir
	until_true 5 told up
	finish
}

@test "sentinels: the master dies, another takes its place, nothing is lost" {
	command -v redis-sentinel >/dev/null ||
		skip "redis-sentinel is not installed"
	redis
	MASTER=$RPORT first=$SERVER RPORT=
	redis --replicaof 127.0.0.1 $MASTER
	sentinels
	storetest -r 50 redis-sentinel://127.0.0.1:1,$SENTINELS/siprec/2
	run -69 storetest redis-sentinel://$SENTINELS/nobody
	[[ $output = *"it knows no master called nobody" ]]
	keeper redis-sentinel://$SENTINELS/siprec
	sleep 0.5
	gone $first
	until_true 5 told down
	until_true 20 told up
	sleep 0.5
	[ "$(redis-cli -p $RPORT role | head -1)" = master ]
	RPORT=$MASTER			# it returns, and is told its place
	redis
	until_true 20 eval "redis-cli -p $RPORT role | head -1 | grep -q slave"
	finish
}

@test "sentinels: a switch that is asked for is followed" {
	command -v redis-sentinel >/dev/null ||
		skip "redis-sentinel is not installed"
	redis
	MASTER=$RPORT RPORT=
	redis --replicaof 127.0.0.1 $MASTER
	sentinels
	keeper redis-sentinel://$SENTINELS/siprec
	sleep 0.5
	p=${SENTINELS##*:}
	until_true 10 eval "redis-cli -p $p sentinel failover siprec | grep -q OK"
	until_true 20 eval "redis-cli -p $MASTER role | head -1 | grep -q slave"
	sleep 1
	finish
}

@test "the figures of the manual can be had again" {
	redis
	for url in memory: sqlite:$PWD/store redis://127.0.0.1:$RPORT; do
		run -0 storetest -b $url
		[ "$(grep -c 'at a time .* a second' <<<"$output")" -eq 4 ]
		[[ $output = *"sessions" ]]
	done
}
