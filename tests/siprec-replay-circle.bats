# siprec-replay without a network: what it writes, siprec-extract gives back.

setup() {
	command -v siprec-replay >/dev/null || skip "siprec-replay is not built"
	root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cd "$BATS_TEST_TMPDIR"
}

samples() {
	cat "$1"/*/1.wav "$1"/*/2.wav | sha256sum
}

@test "a seed gives the same bytes, another one others" {
	siprec-replay -q --duration 1 --seed 7 -w a.pcap >/dev/null
	siprec-replay -q --duration 1 --seed 7 -w b.pcap >/dev/null
	siprec-replay -q --duration 1 --seed 8 -w c.pcap >/dev/null
	cmp a.pcap b.pcap
	! cmp -s a.pcap c.pcap
}

@test "what is lost, doubled and overtaken is what siprec-extract counts" {
	siprec-replay -q --json --duration 20 --seed 3 --loss 3 --duplicate 2 \
	    -w a.pcap >summary
	siprec-extract -n a.pcap >events
	dropped=$(jq -r 'select(.event == "summary") | .dropped' summary)
	doubled=$(jq -r 'select(.event == "summary") | .duplicated' summary)
	[ "$dropped" -gt 20 ]
	[ "$(jq -s '[.[] | select(.event == "end") | .streams[] |
	    .duplicate] | add' events)" -eq "$doubled" ]
	# What is lost at the very end is missed by nobody.
	lost=$(jq -s '[.[] | select(.event == "end") | .streams[] | .lost] |
	    add' events)
	[ "$lost" -le "$dropped" ]
	[ "$lost" -ge $((dropped - 3)) ]
}

@test "a capture that is played again has the same samples" {
	siprec-extract -q -o first "$root/tests/golden/sample/sample.pcap"
	siprec-replay -q "$root/tests/golden/sample/sample.pcap" \
	    -w again.pcap >/dev/null
	siprec-extract -q -o second again.pcap
	[ "$(samples first)" = "$(samples second)" ]
}

@test "a session directory is played again, to whole packets" {
	siprec-extract -q -o first "$root/tests/golden/sample/sample.pcap"
	siprec-replay -q first/* -w again.pcap >/dev/null
	siprec-extract -q -o second again.pcap
	for label in 1 2; do
		n=$(($(soxi -s first/*/$label.wav) * 2))
		cmp <(sox first/*/$label.wav -t raw - | head -c $n) \
		    <(sox second/*/$label.wav -t raw - | head -c $n)
	done
}

@test "a WAV file comes back as mu-law makes it" {
	# Samples that mu-law has: a second time they do not change.
	sox -n -r 8000 -c 1 -b 16 in.wav synth 2 sine 300-900 gain -6
	siprec-replay -q --wav left=in.wav -w a.pcap >/dev/null
	siprec-extract -q -o first a.pcap
	siprec-replay -q --wav "left=$(echo first/*/left.wav)" -w b.pcap
	siprec-extract -q -o second b.pcap
	[ "$(soxi -s first/*/left.wav)" -eq 16000 ]
	cmp <(sox first/*/left.wav -t raw -) <(sox second/*/left.wav -t raw -)
	# ... and the first time they are near.
	sox -m -v 1 in.wav -v -1 first/*/left.wav -n stat 2>said
	awk '/Maximum amplitude/ { exit !($3 < 0.02) }' said
}

@test "three programs in a pipe" {
	siprec-replay --calls 3 --duration 2 -w - | siprec-extract -n --xml - |
	    siprec-meta validate -
}

@test "each flow ends well, and its metadata is valid" {
	siprec-replay --flow list | cut -d ' ' -f 1 >flows
	[ "$(wc -l <flows)" -ge 50 ]
	while read -r flow; do
		echo "$flow"
		siprec-replay -q --flow "$flow" --seed 5 -w a.pcap >said 2>&1 ||
		    { cat said; return 1; }
		case $flow in broken-metadata|hostile-metadata) continue ;; esac
		siprec-extract -n a.pcap >events || continue
		[ "$(jq -s '[.[] | select(.event == "metadata" and
		    .valid == false)] | length' events)" -eq 0 ]
	done <flows
}

@test "each dialect is known again" {
	siprec-replay --dialect list | cut -d ' ' -f 1 >dialects
	[ "$(wc -l <dialects)" -ge 10 ]
	while read -r d; do
		echo "$d"
		siprec-replay -q --dialect "$d" --duration 1 -w a.pcap >/dev/null
		siprec-extract -n a.pcap >events
		[ "$(jq -s '[.[] | select(.event == "end") | .streams[] |
		    .packets] | add' events)" -eq 100 ]
		case $d in
		rs-metadata) d=rfc7865 ;; genesys) d=oracle ;;
		jambonz) d=audiocodes ;; webex) d=broadworks ;;
		ribbon) d=sonus ;;
		esac
		[ "$(jq -r 'select(.event == "metadata") | .dialect' events |
		    head -n 1)" = "$d" ]
	done <dialects
}

@test "every option stands in --help, the manual and the completions" {
	siprec-replay --help | grep -oE -- '--[a-z][a-z0-9-]+' | sort -u >help
	[ "$(wc -l <help)" -ge 45 ]
	while read -r o; do
		echo "$o"
		grep -q -- "Fl -${o#--}" "$root/man/siprec-replay.1"
		grep -q -e "$o[ \"|)]" -e "$o\$" \
		    "$root/completions/siprec-replay.bash"
		grep -qe "$o\[" -e "$o}" "$root/completions/_siprec-replay"
		grep -qe "-l ${o#--} " "$root/completions/siprec-replay.fish"
	done <help
}

@test "every key of its output stands in the manual" {
	siprec-replay --json --duration 1 --loss 5 -w a.pcap >lines
	jq -r 'paths | map(select(type == "string")) | .[0]' lines |
	    sort -u >said
	while read -r key; do
		echo "$key"
		grep -qE "^\.Va .*\<$key\>" "$root/man/siprec-replay.1"
	done <said
}
