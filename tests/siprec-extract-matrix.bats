# siprec-extract against captures whose every sample is known.

load lib/extract
setup() { setup_extract; }

# ---- codecs and packet lengths ----

@test "PCMU comes out sample by sample" { round_trip --codec pcmu; }
@test "PCMA comes out sample by sample" { round_trip --codec pcma; }
@test "L16 comes out sample by sample" { round_trip --codec l16; }
@test "codecs of the library, each at its own rate" {
	for codec in G722 GSM G729 G726-32 opus AMR AMR-WB; do
		if ! make_capture in.pcap --codec $codec --seconds 3; then
			echo "# $codec is not built in" >&3
			continue
		fi
		rm -rf out
		extract 0 -o out in.pcap && same_as_ref out ||
		    { echo "$codec"; return 1; }
	done
}
@test "packets of 10, 30, 40 and 60 ms" {
	for ms in 10 30 40 60; do
		rm -rf out
		round_trip --ptime $ms --codec pcma --digits 1
	done
}
@test "PCMU to PCMA within a stream" { round_trip --codec-change 2.5; }
@test "PCMA to PCMU within a stream" {
	round_trip --codec pcma --codec-change 1.7
}
@test "a codec nobody knows: payloads are kept, and said" {
	make_capture in.pcap --codec x-unheard-of
	extract 0 -o out in.pcap
	run jq -r 'select(.event == "end") | .streams[] |
	    [.label, .packets, .file] | @tsv' events.jsonl
	[ "${lines[0]}" = $'1\t250\t1.rtpdump' ]
	[ "${lines[1]}" = $'2\t250\t2.rtpdump' ]
	[ -s out/mkcap-1-0000_src/1.rtpdump ]
	[ "$(count warn)" -ge 1 ]
}

# ---- numbers and wraps ----

@test "sequence numbers and time stamps wrap" {
	round_trip --seq-start 65500 --ts-start 4294960000
}
@test "time stamps wrap during a pause" {
	round_trip --seq-start 65480 --ts-start 4294955000 --hold 1:3
}

# ---- what the net does ----

@test "lost packets are silence of the right length, and counted" {
	round_trip --loss 0.05 --seconds 20
}
@test "lost bursts are gaps in the log" {
	round_trip --loss 0.05 --burst 15 --seconds 30 --seed 5
	[ "$(count gap)" -ge 3 ]
}
@test "packets that come twice are counted once" {
	round_trip --duplicate 0.1 --seconds 10
}
@test "packets in the wrong order are put right" {
	round_trip --reorder 0.1 --seconds 20
}
@test "jitter moves nothing" { round_trip --jitter 15 --seconds 20; }
@test "jitter wider than a packet" { round_trip --jitter 50 --seconds 20; }
@test "loss, bursts, reordering, duplicates and jitter at once" {
	for seed in 1 2 3 4; do
		rm -rf out
		round_trip --loss 0.03 --burst 3 --reorder 0.02 \
		    --duplicate 0.02 --jitter 20 --seconds 20 --seed $seed
	done
}
@test "legs stay within 10 ms of each other with jitter and a late start" {
	make_capture in.pcap --jitter 40 --late-start 2340 --seconds 10
	extract 0 -o out in.pcap
	for label in 1 2; do
		shift=$(wavcmp -s 80 ref/*/$label.wav out/*/$label.wav)
		[ "${shift#-}" -le 80 ]
	done
}

# ---- silence of every kind ----

@test "a stream that starts late" { round_trip --late-start 1500; }
@test "a stream that starts much later" {
	round_trip --late-start 12000 --seconds 20
}
@test "discontinuous transmission is no gap" {
	round_trip --dtx --seconds 12
	[ "$(count gap)" -eq 0 ]
}
@test "comfort noise is silence" {
	round_trip --cn --seconds 12
	[ "$(count gap)" -eq 0 ]
}
@test "on hold: silence, pause and resume" {
	round_trip --hold 1:3.5
	[ "$(count pause)" -ge 1 ]
	[ "$(count resume)" -ge 1 ]
	[ "$(count gap)" -eq 0 ]
}
@test "on hold with a clock that stands still: the hole is as long" {
	round_trip --pause-ts-frozen 1:3.5
	[ "$(count gap)" -eq 0 ]
}
@test "a clock that runs 200 ppm fast" { round_trip --skew 200 --seconds 30; }

# ---- sources ----

@test "a new SSRC goes on in the same file" {
	round_trip --ssrc-change 2.5
	[ "$(count ssrc)" -ge 2 ]
}
@test "a new SSRC with jitter" {
	round_trip --ssrc-change 2.5 --jitter 10 --seconds 6
}
@test "digits: what, when, how long" {
	round_trip --digits '159*#0D' --seconds 8
	[ "$(count dtmf)" -eq 7 ]
}
@test "digits among losses" {
	round_trip --digits '42#' --loss 0.05 --seconds 10
}

# ---- dialogs ----

@test "the client ends it" { round_trip; }
@test "the server ends it" { round_trip --bye-server; }
@test "nobody ends it" { round_trip --no-bye; }
@test "only the offers were captured" { round_trip --no-answer; }
@test "only the answers were captured" { round_trip --only-responses --no-bye; }
@test "a session without labels" { round_trip --no-label; }
@test "media before the answer" { round_trip --early-rtp; }
@test "media after the BYE is not recorded" {
	round_trip --rtp-after-bye --seconds 6
}
@test "twelve streams" { round_trip --streams 12 --seconds 3; }
@test "twenty calls at once" {
	round_trip --calls 20 --stagger 30 --seconds 3 --loss 0.01
}
@test "the same Call-ID again is a second directory" {
	round_trip --same-callid-again --seconds 3
	[ -d out/mkcap-1-0000_src-2 ]
}
@test "a dialog that replaces another goes on in the same files" {
	round_trip --replaces --seconds 6
	[ "$(find out -name session.jsonl | wc -l)" -eq 1 ]
	[ "$(count replaced)" -eq 1 ]
}
@test "media in both dialogs for a while: it is there once, without a shift" {
	round_trip --replaces --same-source
	round_trip --replaces --same-source --overlap 700
	for overlap in 20 100 260 480 700 2000; do
		make_capture in.pcap --replaces --overlap $overlap
		rm -rf out
		extract 0 -o out in.pcap
		said=$(samples_differ ref out)
		echo "$overlap: $said"
		[ -z "$said" ]
		[ "$(ls out/*/*.wav | wc -l)" -eq 2 ]
		[ "$(count ssrc)" -eq 2 ]
		[ "$(count gap)" -eq 0 ]
	done
	# With jitter the two are within a packet of each other.
	make_capture in.pcap --replaces --overlap 700 --jitter 10 --streams 1
	rm -rf out
	extract 0 -o out in.pcap
	[ "$(ls out/*/*.wav | wc -l)" -eq 1 ]
	d=$(($(soxi -s out/*/1.wav) - $(soxi -s ref/*/1.wav)))
	[ ${d#-} -lt 160 ]
}

@test "addresses in the SDP that are not those on the wire" {
	round_trip --nat
}
@test "such addresses, and a dialog that replaces another" {
	round_trip --replaces --nat --seconds 6
}
@test "a capture that begins in the middle, with a later offer" {
	make_capture in.pcap --start-middle 2 --hold 2:3 --seconds 6
	extract 0 -o out in.pcap
	[ "$(head -1 events.jsonl | jq -r .event)" = begin ]
	same_as_ref out
}

# ---- the way of the bytes ----

@test "every link layer and tunnel gives the same samples" {
	make_capture in.pcap --seconds 2
	extract 0 -o want in.pcap
	same_as_ref want
	for link in vlan qinq mpls pppoe sll sll2 null raw gre vxlan ipip gtp
	do
		mkcap --seconds 2 --link $link -w $link.pcap 2>/dev/null
		extract 0 -o $link $link.pcap || { echo "$link"; return 1; }
		same_as_ref $link || { echo "$link"; return 1; }
	done
}
@test "IPv6, bare and in every tunnel" {
	for link in eth vlan mpls pppoe sll sll2 null raw gre vxlan 6in4 gtp
	do
		make_capture $link.pcap --seconds 2 --link $link --ipv6
		extract 0 -o $link $link.pcap || { echo "$link"; return 1; }
		same_as_ref $link || { echo "$link"; return 1; }
	done
}
@test "signalling in fragments, in segments, and in a muddle" {
	for way in udp-frag tcp tcp-shuffle; do
		for ip in "" --ipv6; do
			rm -rf out
			round_trip --seconds 2 --calls 3 --transport $way $ip ||
			    { echo "$way $ip"; return 1; }
		done
	done
}
@test "every container gives the same samples" {
	for format in pcap pcap-ns pcap-be pcapng pcapng-multi; do
		make_capture $format.cap --seconds 2 --format $format
		extract 0 -o $format $format.cap ||
		    { echo "$format"; return 1; }
		same_as_ref $format || { echo "$format"; return 1; }
	done
}
@test "compressed captures are told by their content" {
	make_capture in.pcap --seconds 2
	for z in gzip xz bzip2 zstd; do
		command -v $z >/dev/null || continue
		$z -c in.pcap >in.$z
		extract 0 -o $z in.$z || { echo "$z"; return 1; }
		same_as_ref $z || { echo "$z"; return 1; }
	done
}
@test "a capture from a pipe" {
	make_capture in.pcap --seconds 2
	cat in.pcap | siprec-extract -o out - >events.jsonl
	same_as_ref out
}
@test "two files are one run" {
	make_capture in.pcap --seconds 2 --calls 2 --stagger 5000
	mkcap --seconds 2 --seed 9 -w other.pcap 2>/dev/null
	extract 0 -o out in.pcap other.pcap
	same_as_ref out
	[ -e out/mkcap-9-0000_src/1.wav ]
}

# ---- damage ----

@test "a truncated file: status 2, and all that can be read" {
	make_capture in.pcap --truncate 10 --seconds 3
	extract 2 -o out in.pcap
	same_as_ref out
	[ -s words.txt ]
}
@test "a truncated pcapng file: status 2, and all that can be read" {
	make_capture in.pcap --truncate 10 --seconds 3 --format pcapng
	extract 2 -o out in.pcap
	same_as_ref out
}
@test "a snaplen that cuts the offer: status 2, and all the media" {
	make_capture in.pcap --snaplen 1500 --seconds 3
	extract 2 -o out in.pcap
	same_as_ref out
}
@test "bytes that are no capture: status 66 or 2, never a crash" {
	head -c 5000 /dev/urandom >in.pcap
	rc=0
	siprec-extract -n in.pcap >/dev/null 2>words.txt || rc=$?
	[ $rc -eq 66 ] || [ $rc -eq 2 ]
	[ -s words.txt ]
}

# Lies about time, of any frame: what is written stays as small as the capture
# gives reason for, and the log stays JSON.
small_and_json() {
	local rc=0
	rm -rf out
	(ulimit -f 100000; timeout 30 siprec-extract -o out in.pcap \
	    >events.jsonl 2>words.txt) || rc=$?
	[ $rc -le 2 ] || { echo "$*: status $rc"; head -3 words.txt; return 1; }
	jq -e -s 'all(.[]; (.duration // 0) < 86400 * 2 and
	    (.dialog_duration // 0) >= 0)' events.jsonl >said ||
	    { echo "$*:"; grep -h '"end"' events.jsonl; return 1; }
}
@test "a frame from the far future or past stretches nothing" {
	for frame in 1 2 3 4 5 6 50 51 206; do
		for s in 1000000000 -1000000000 90000 -300; do
			mkcap --seconds 2 --stray-time $frame:$s -w in.pcap \
			    2>/dev/null
			small_and_json "frame $frame by $s s"
		done
	done
}
@test "a packet with a far RTP time stretches nothing" {
	for packet in 1 20 50 99; do
		mkcap --seconds 2 --stray-ts $packet -w in.pcap 2>/dev/null
		small_and_json "packet $packet"
	done
}

# ---- what is written, and what is not ----

@test "one thread and four write the same bytes" {
	make_capture in.pcap --calls 8 --stagger 200 --seconds 5 \
	    --digits 12 --loss 0.02 --jitter 10
	extract 0 -j 1 -o one in.pcap
	mv events.jsonl one.jsonl
	extract 0 -j 4 -o four in.pcap
	same_as_ref four
	diff <(tree_sums one) <(tree_sums four)
	diff one.jsonl events.jsonl
}
@test "a second run gives the same bytes in the same place" {
	make_capture in.pcap --seconds 2
	extract 0 -o out in.pcap
	tree_sums out >first
	extract 0 -o out in.pcap
	diff first <(tree_sums out)
}
@test "more streams than descriptors" {
	make_capture in.pcap --calls 525 --stagger 1 --seconds 1
	(ulimit -n 1024; extract 0 -o out in.pcap)
	same_as_ref out
	[ "$(find out -name '*.wav' | wc -l)" -eq 1050 ]
}
@test "-n writes no files and says the same" {
	make_capture in.pcap --seconds 2 --digits 7
	mkdir empty
	(cd empty && extract 0 -n ../in.pcap && cp events.jsonl ../n.jsonl &&
	    rm events.jsonl words.txt)
	[ -z "$(ls -A empty)" ]
	extract 0 -o out in.pcap
	diff <(jq -r .event n.jsonl) <(jq -r .event events.jsonl)
}
@test "--xml prints every metadata body as received, and no events" {
	make_capture in.pcap --seconds 4 --hold 1:2
	extract 0 -n --xml in.pcap
	[ "$(grep -c '<recording ' events.jsonl)" -eq 3 ]
	[ "$(grep -c '"event"' events.jsonl)" -eq 0 ]
	extract 0 -o out in.pcap
	cat out/*/metadata-000*.xml >bodies
	siprec-extract -n --xml in.pcap >printed
	cmp <(tr -d '\r\n' <bodies) <(tr -d '\r\n' <printed)
}
@test "metadata bodies are kept byte for byte" {
	make_capture in.pcap --seconds 1
	extract 0 -o out in.pcap
	xml=$(echo out/*/metadata-0001.xml)
	grep -qF "$(tail -n 1 "$xml" | tr -d '\r')" in.pcap
	n=$(stat -c %s "$xml")
	at=$(LC_ALL=C grep -obaF '<?xml' in.pcap | head -1 | cut -d: -f1)
	cmp "$xml" <(tail -c +$((at + 1)) in.pcap | head -c "$n")
}
@test "the SDP of offer and answer is kept" {
	make_capture in.pcap --seconds 1
	extract 0 -o out in.pcap
	[ "$(ls out/*/sdp-*.sdp | wc -l)" -eq 2 ]
	grep -q sendonly out/*/sdp-0001.sdp
	grep -q recvonly out/*/sdp-0002.sdp
}
@test "end.streams says file, sha256 and who speaks" {
	make_capture in.pcap --seconds 1
	extract 0 -o out in.pcap
	dir=out/mkcap-1-0000_src
	jq -r 'select(.event == "end") | .streams[] |
	    [.sha256, .file] | join("  ")' events.jsonl >sums
	(cd $dir && sha256sum -c ../../sums)
	run jq -r 'select(.event == "end") | .streams[] |
	    .participants[0] | [.aor, .name] | @tsv' events.jsonl
	[ "${lines[0]}" = $'sip:leg1.0@example.com\tAlice 0' ]
	[ "${lines[1]}" = $'sip:leg2.0@example.com\tBob 0' ]
}
@test "stdout and session.jsonl say the same" {
	make_capture in.pcap --seconds 2 --calls 2
	extract 0 -o out in.pcap
	for s in out/*/session.jsonl; do
		id=$(basename "$(dirname "$s")")
		diff "$s" <(jq -c --arg s "$id" 'select(.session == $s)' \
		    events.jsonl | jq -c .) ||
		    diff <(jq -cS . "$s") <(jq -cS --arg s "$id" \
			'select(.session == $s)' events.jsonl)
	done
}
@test "every event has v, time, session and call_id" {
	make_capture in.pcap --seconds 2 --digits 1 --hold 1:1.5
	extract 0 -o out in.pcap
	[ "$(jq -s 'map(select(.v == 1 and .session != null and
	    .call_id == "mkcap-1-0000@src" and
	    (.time | test("^2026-01-01T00:00:0[0-9][.][0-9]{3}Z$")) | not))
	    | length' events.jsonl)" -eq 0 ]
	[ "$(head -1 events.jsonl | jq -r .event)" = begin ]
	[ "$(tail -1 events.jsonl | jq -r .event)" = end ]
}
@test "end.start is the instant of sample 0" {
	make_capture in.pcap --seconds 2 --late-start 500
	extract 0 -o out in.pcap
	[ "$(jq -r 'select(.event == "end") | .start | .[0:23]' events.jsonl)" \
	    = "$(jq -r 'select(has("start")) | .start | .[0:23]' \
	    ref/facts.jsonl)" ]
}
@test "--mix multi has a channel for each stream, in order" {
	make_capture in.pcap --seconds 2
	extract 0 -o out --mix multi in.pcap
	[ "$(wavcmp -i out/*/mix.wav | cut -d' ' -f1-3)" = "8000 2 16010" ]
	sox out/*/mix.wav left.wav remix 1
	sox out/*/mix.wav right.wav remix 2
	wavcmp ref/*/1.wav left.wav
	wavcmp ref/*/2.wav right.wav
}
@test "--mix mono and stereo are as long as the session" {
	make_capture in.pcap --seconds 2 --streams 3
	for mix in mono stereo; do
		extract 0 -o $mix --mix $mix in.pcap
		wavcmp -i $mix/*/mix.wav
	done
	[ "$(wavcmp -i mono/*/mix.wav | cut -d' ' -f2)" -eq 1 ]
	[ "$(wavcmp -i stereo/*/mix.wav | cut -d' ' -f2)" -eq 2 ]
}
@test "--keep-rtp gives a capture that extracts to the same samples" {
	make_capture in.pcap --seconds 3 --loss 0.02 --duplicate 0.02
	extract 0 -o out --keep-rtp in.pcap
	extract 0 -o again out/*/rtp.pcap
	samples_differ ref again >differ
	[ ! -s differ ]
}
@test "--session takes one session, --after and --before a time" {
	make_capture in.pcap --calls 3 --stagger 4000 --seconds 2
	extract 0 -n --session mkcap-1-0001_src in.pcap
	[ "$(count end)" -eq 1 ]
	extract 0 -n --after 2026-01-01T00:00:07Z in.pcap
	[ "$(count end)" -eq 1 ]
	extract 0 -n --before 2026-01-01T00:00:07Z in.pcap
	[ "$(count end)" -eq 2 ]
}

# ---- exit statuses ----

@test "status 1: nothing was recorded" {
	make_capture in.pcap --no-answer --only-responses --seconds 1
	extract 1 -n in.pcap
	[ ! -s events.jsonl ]
}
@test "status 64: usage" {
	extract 64 --no-such-option
	extract 64
	extract 64 --mix quadrophonic in.pcap
}
@test "status 66: no such input" { extract 66 -n no-such-file.pcap; }
@test "status 73: nowhere to write" {
	make_capture in.pcap --seconds 1
	touch file
	extract 73 -o file/below in.pcap
}
@test "status 74: a closed stdout stops no file" {
	make_capture in.pcap --seconds 2
	rc=0
	siprec-extract -o out in.pcap >/dev/full 2>words.txt || rc=$?
	[ $rc -eq 74 ]
	same_as_ref out
}
