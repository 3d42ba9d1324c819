# siprec-cluster(7): its configurations run as they stand there.
bats_require_minimum_version 1.5.0
load lib/cluster

setup() { setup_cluster; }
teardown() { teardown_cluster; }

# ---- Kamailio ----

@test "the proxy spreads calls over the nodes, and none goes to a dead one" {
	local a=$(free_port) b=$(free_port) n
	node one $a
	node two $b
	proxy $a $b
	calls 20
	[ $(($(begun one) + $(begun two))) -eq 20 ]
	[ "$(begun one)" -gt 0 ]
	[ "$(begun two)" -gt 0 ]
	gone $two
	calls 10			# before it has been found out
	[ $(($(begun one) + $(begun two))) -eq 30 ]
	until_true 6 is $b inactive
	is $a active
	n=$(begun one)
	calls 5
	[ $(($(begun one) - n)) -eq 5 ]
	node two $b
	until_true 6 is $b active
	n=$(begun two)
	calls 20
	[ "$(begun two)" -gt $n ]
}

@test "a node that hangs is passed over, and its calls are asked for elsewhere" {
	local a=$(free_port) b=$(free_port) begin
	node one $a
	node two $b
	proxy $a $b
	calling --duration 4
	kill -STOP ${!AT}
	begin=$SECONDS
	answered_with 481		# of the other: without a store
	[ $((SECONDS - begin)) -le 8 ]
	until_true 6 is $([ $AT = one ] && echo $a || echo $b) inactive
	calls 3
	kill -CONT ${!AT}
	until_true 6 is $([ $AT = one ] && echo $a || echo $b) active
}

@test "a node that is gone: the next request of its call goes elsewhere at once" {
	local a=$(free_port) b=$(free_port)
	node one $a
	node two $b
	proxy $a $b
	calling --duration 2
	gone ${!AT}
	answered_with 481
	[ "$(jq 'select(.event == "call") | .duration < 3' call.jsonl)" = true ]
}

@test "a node that drains gets no new calls, and keeps those that it has" {
	local a=$(free_port) b=$(free_port) p n
	node one $a
	node two $b
	proxy $a $b
	calling --duration 6
	p=$([ $AT = one ] && echo $a || echo $b)
	siprec-ctl $AT.sock drain
	calls 5
	until_true 6 is $p inactive
	n=$(begun $AT)
	calls 5
	[ "$(begun $AT)" -eq $n ]
	answered_with 200
	[ "$(begun $OTHER)" -ge 10 ]
}

@test "with no node left the answer is 503" {
	local a=$(free_port) b=$(free_port)
	proxy $a $b
	until_true 6 eval "is $a inactive && is $b inactive"
	! siprec-replay --json --t1 100 --duration 0.3 $URI >calls.jsonl
	[ "$(jq 'select(.event == "call") | .status' calls.jsonl)" = 503 ]
}
