# cluster - the configurations of siprec-cluster(7) at work, on loopback: what
# the page says, with other addresses.  Every function works in
# $BATS_TEST_TMPDIR, and PIDS is what the test has started.
load lib/redis

setup_cluster() {
	local p
	for p in siprec-listen siprec-replay; do
		command -v $p >/dev/null || skip "$p is not built"
	done
	PAGE=$BATS_TEST_DIRNAME/../man/siprec-cluster.7
	cd "$BATS_TEST_TMPDIR" || return 1
	PIDS=
}
teardown_cluster() {
	[ ! -s kamailio.pid ] || kill $(cat kamailio.pid) 2>/dev/null || true
	teardown_redis
}

# example NAME: as it stands in the page.
example() {
	awk -v want="$1" '
	$1 == ".\\\"" && $2 == "example" { on = $3 == want; next }
	/^\.Bd/ { next }
	/^\.Ed/ { on = 0 }
	on { gsub(/\\e/, "\\"); sub(/^\\&/, ""); print; n++ }
	END { exit n == 0 }' "$PAGE"
}

# proxy PORT...: Kamailio on $PROXY, in front of nodes on these ports.
proxy() {
	local i=0 p
	command -v kamailio >/dev/null || skip "kamailio is not installed"
	PROXY=$(free_port)
	: >dispatcher.list
	for p; do
		i=$((i + 1))
		example dispatcher.list |
		    sed -n "s/192.0.2.1$i:5060/127.0.0.1:$p/p" >>dispatcher.list
	done
	[ "$(wc -l <dispatcher.list)" -eq $# ]
	example kamailio.cfg | sed "s/192.0.2.1:5060/127.0.0.1:$PROXY/
	    s|/etc/kamailio/|$PWD/|
	    s|^loadmodule \"dispatcher.so\"|&\nloadmodule \"ctl.so\"\nmodparam(\"ctl\", \"binrpc\", \"unix:$PWD/ctl\")|" \
	    >kamailio.cfg
	! grep 192.0.2 kamailio.cfg dispatcher.list
	kamailio -DD -E -m 32 -f kamailio.cfg -Y "$PWD" \
	    -P "$PWD/kamailio.pid" >kamailio.txt 2>&1 3>&- &
	PIDS="$PIDS $!"
	until_true 5 nc -z 127.0.0.1 $PROXY || {
		cat kamailio.txt
		return 1
	}
	URI=sip:rec@127.0.0.1:$PROXY
}

# node NAME PORT [option]...: a recording server, until it listens; its files
# are in NAME, its events in NAME.jsonl, its number is in $NAME.
node() {
	local lo=$((17000 + RANDOM % 140 * 100)) n=$1 p=$2
	shift 2
	: >$n.txt
	siprec-listen -l sip:127.0.0.1:$p -o $n --json --t1 100 --min-free 0 \
	    --control $n.sock --rtp-ports $lo-$((lo + 398)) "$@" \
	    >>$n.jsonl 2>$n.txt 3>&- &
	printf -v $n %d $!
	PIDS="$PIDS $!"
	until_true 5 grep -q "listening on" $n.txt || {
		cat $n.txt
		return 1
	}
}

# begun NAME, ended NAME: how many sessions.
begun() { grep -c '"event":"begin"' $1.jsonl || true; }
ended() { grep -c '"event":"end"' $1.jsonl || true; }

# calls N [option]...: so many short ones, all good.
calls() {
	siprec-replay --json --t1 100 --duration 0.3 --calls "$@" $URI \
	    >calls.jsonl 2>calls.txt || {
		cat calls.txt calls.jsonl
		return 1
	}
}

# calling [option]...: one that goes on; $AT is the node that has it, $OTHER
# the other, of one and two.
calling() {
	local n=$(($(begun one) + $(begun two))) one_had=$(begun one)
	siprec-replay --json --t1 100 "$@" $URI >call.jsonl 2>call.txt 3>&- &
	CALL=$!
	PIDS="$PIDS $CALL"
	until_true 5 eval "[ \$((\$(begun one) + \$(begun two))) -gt $n ]"
	AT=one OTHER=two
	[ "$(begun one)" -gt $one_had ] || AT=two OTHER=one
}

# answered_with STATUS: the BYE of the call that goes on.  What else its client
# may find is not asked here: no RTCP comes from who is dead.
answered_with() {
	wait $CALL || true
	grep '"event":"call"' call.jsonl
	case $1 in
	200) ! grep UA-27 call.jsonl ;;
	*) grep -q "\"why\":\"UA-27: [^\"]*the answer is $1\"" call.jsonl ;;
	esac
}

# is PORT active|inactive: what the proxy thinks of a node.
is() {
	local flag=A
	[ $2 = active ] || flag=I
	kamcmd -s unix:"$PWD/ctl" dispatcher.list |
	    grep -A1 "URI: sip:127.0.0.1:$1;" | grep -q "FLAGS: $flag"
}

# redis_cluster: the three servers and sentinels of the page, until they know
# each other: $STORE is the URL, $R1 $R2 $R3 the servers, $P1 $P2 $P3 their
# ports, "password" holds the nodes' password.
redis_cluster() {
	local i p
	setup_redis
	command -v redis-sentinel >/dev/null ||
		skip "redis-sentinel is not installed"
	P1=$(free_port) P2=$(free_port) P3=$(free_port)
	S1=$(free_port) S2=$(free_port) S3=$(free_port)
	example users.acl >users.acl
	echo change-me >password
	for i in 1 2 3; do
		one_redis $i
	done
	for i in 1 2 3; do
		one_sentinel $i
	done
	STORE=redis-sentinel://siprec@127.0.0.1:$S1,127.0.0.1:$S2,127.0.0.1:$S3/siprec
	for p in $S1 $S2 $S3; do
		until_true 20 eval "redis-cli -p $p sentinel master siprec |
		    paste -sd ' ' | grep -q 'num-slaves 2 num-other-sentinels 2'"
	done
	until_true 20 eval "redis-cli -p $P1 --user siprec --pass change-me role |
	    grep -c '^$P2\\|^$P3' | grep -qx 2"
}

# one_redis N: the Nth server, also once more.
one_redis() {
	local port=P$1
	mkdir -p r$1
	{
		example redis.conf
		[ $1 = 1 ] || echo replicaof 192.0.2.21 6379
	} | sed "s/^bind .*/bind 127.0.0.1/
	    s/^port .*/port ${!port}/
	    s/192.0.2.21 6379/127.0.0.1 $P1/
	    s|/var/lib/redis|$PWD/r$1|
	    s|/etc/redis|$PWD|" >r$1/redis.conf
	! grep 192.0.2 r$1/redis.conf
	redis-server r$1/redis.conf >>r$1/log.txt 2>&1 3>&- &
	printf -v R$1 %d $!
	PIDS="$PIDS $!"
	until_true 5 eval "redis-cli -p ${!port} ping | grep -q NOAUTH"
}

one_sentinel() {
	local port=S$1
	mkdir -p r$1
	example sentinel.conf | sed "s/^bind .*/bind 127.0.0.1/
	    s/^port .*/port ${!port}/
	    s/192.0.2.21 6379/127.0.0.1 $P1/
	    s|/var/lib/redis|$PWD/r$1|" >r$1/sentinel.conf
	! grep 192.0.2 r$1/sentinel.conf
	redis-sentinel r$1/sentinel.conf >r$1/sentinel.txt 2>&1 3>&- &
	PIDS="$PIDS $!"
}
