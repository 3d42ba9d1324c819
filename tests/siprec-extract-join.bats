# siprec-extract --join: parts of one recording become one directory.  They are
# made from a capture of known samples, of which each part has seen some.

load lib/extract

setup() {
	setup_extract
}

# The capture and the recording of all of it.
known() {
	mkcap --link raw --seconds 10 --seed 3 "$@" -w in.pcap 2>/dev/null
	siprec-extract -q -o whole in.pcap
	name=$(ls whole)
}

# part NAME FROM TO [option]...: what who was there from FROM to TO recorded.
part() {
	local to=$1
	cutcap "$2" "$3" in.pcap $to.pcap
	siprec-extract -q -o $to "${@:4}" $to.pcap
}

# join STATUS [argument]...
join() {
	extract "$1" --join -o out "${@:2}"
}

# end JQ-FILTER: of the end of what was joined.
end() {
	jq -r "select(.event == \"end\") | $1" "out/$name/session.jsonl"
}

# All streams are as they were, sample by sample.
same_as_whole() {
	local f
	for f in whole/$name/*.wav; do
		wavcmp $f out/$name/${f##*/} || return 1
	done
}

@test "the hole between two parts is silence and a gap, all else is as it was" {
	known
	for cut in "4.337 5.5" "1.2 1.7" "0.9 8.011" "3.3303 3.6601"; do
		set -- $cut
		rm -rf a b out
		part a 0 $1
		part b $2 99
		tree_sums a >before
		tree_sums b >>before
		join 0 b/* a/*
		tree_sums a >after
		tree_sums b >>after
		cmp before after
		for i in 1 2; do
			wavcmp -z whole/$name/$i.wav out/$name/$i.wav >hole
			read -r from to <hole
			gap=$(jq -r --arg l $i 'select(.event == "gap" and
			    .label == $l) | [.at, .duration] | map(. * 8000) |
			    @tsv' events.jsonl)
			[ "$(echo "$gap" | wc -l)" -eq 1 ]
			# A frame of the wave may be 0 of itself.
			awk -v f=$from -v t=$to '{ exit !(f - $1 >= -11 &&
			    f - $1 < 11 && $1 + $2 - t > -11 &&
			    $1 + $2 - t < 11) }' <<<"$gap"
		done
		[ "$(count begin)" -eq 1 ]
		[ "$(head -1 events.jsonl | jq -r '[.event, .joined] |
		    @tsv')" = $'begin\t2' ]
		[ "$(tail -1 events.jsonl | jq -r .event)" = end ]
		[ "$(count end)" -eq 1 ]
		[ "$(count stream)" -eq 2 ]
		cmp events.jsonl out/$name/session.jsonl
	done
}

@test "what is counted is the sum, and digests are those of the new files" {
	known
	part a 0 4.337
	part b 5.5 99
	join 0 a/* b/*
	for part in a b; do
		jq -r 'select(.event == "end") | .streams[] | .packets' \
		    $part/$name/session.jsonl
	done >packets
	[ "$(end '[.streams[].packets] | add')" -eq \
	    "$(jq -s add packets)" ]
	[ "$(end .reason)" = bye-client ]
	[ "$(end .duration)" = "$(jq -r 'select(.event == "end") |
	    .duration' whole/$name/session.jsonl)" ]
	[ "$(end .start_exact)" = "$(jq -r 'select(.event == "end") |
	    .start_exact' whole/$name/session.jsonl)" ]
	end '.streams[] | [.sha256, .file] | @tsv' |
	    (cd out/$name && sed 's/\t/  /' | sha256sum -c --quiet -)
}

@test "what two parts have both heard is there once" {
	known --digits 6
	part a 0 6.1234
	part b 3.777 99
	join 0 a/* b/*
	same_as_whole
	[ "$(count gap)" -eq 0 ]
	diff <(jq -c 'select(.event == "dtmf") | [.label, .digit, .at]' \
	    whole/$name/session.jsonl) \
	    <(jq -c 'select(.event == "dtmf") | [.label, .digit, .at]' \
	    events.jsonl)
	# The messages that both have seen are there once, too.
	[ "$(ls out/$name/sdp-* | wc -l)" -eq 2 ]
	[ "$(ls out/$name/metadata-* | wc -l)" -eq 1 ]
	cmp whole/$name/metadata-0001.xml out/$name/metadata-0001.xml
	cmp whole/$name/metadata.xml out/$name/metadata.xml
}

@test "jitter, and a clock that runs fast, move nothing" {
	known --jitter 15 --skew 200 --seconds 30
	part a 0 12.5
	part b 12.1 22
	part c 21.3 99
	join 0 c/* a/* b/*
	same_as_whole
}

@test "a new source in between, and time stamps that wrap" {
	known --ssrc-change 5 --ts-start 4294947296
	part a 0 4.2
	part b 3.9 99
	join 0 a/* b/*
	same_as_whole
	[ "$(count ssrc)" -eq 2 ]
	[ "$(end '.streams[0].ssrc')" = "$(jq -r 'select(.event == "end") |
	    .streams[0].ssrc' whole/$name/session.jsonl)" ]
}

@test "nothing in common but the clock on the wall" {
	known --ssrc-change 5
	part a 0 5.01
	part b 5.6 99
	join 0 a/* b/*
	for i in 1 2; do
		wavcmp -z whole/$name/$i.wav out/$name/$i.wav
	done
	[ "$(count ssrc)" -eq 2 ]
	[ "$(count gap)" -eq 2 ]
}

@test "three parts in any order, and joined ones joined again" {
	known
	part a 0 3.2
	part b 3.1 6.5
	part c 6.4 99
	join 0 b/* c/* a/*
	same_as_whole
	mv out abc
	siprec-extract -q --join -o bc b/* c/*
	join 0 bc/* a/*
	same_as_whole
	diff <(end '.streams[].sha256') <(jq -r 'select(.event == "end") |
	    .streams[].sha256' abc/$name/session.jsonl)
}

@test "what stood still for a while is filled from the one who took over" {
	known
	part b 4 99
	# a was stopped from 4.2 to 7, and had a moment more of it after that
	cutcap 0 4.2 in.pcap a1.pcap
	cutcap 7 7.5 in.pcap a2.pcap
	siprec-extract -q -o a a1.pcap a2.pcap
	[ "$(jq -r 'select(.event == "gap")' a/$name/session.jsonl |
	    wc -l)" -gt 0 ]
	join 0 a/* b/*
	same_as_whole
	[ "$(count gap)" -eq 0 ]
}

@test "the machines' clocks do not agree: the media is believed" {
	known
	part a 0 4.337
	part b 4.1 99
	jq -c 'def later: sub("T00:00:(?<s>[0-9.]+)Z"; "T00:00:" +
	    ((.s | tonumber + 20) | tostring | .[0:6]) + "Z");
	    .time |= later | if .start then .start |= later |
	    .start_exact |= later else . end' b/$name/session.jsonl >log
	mv log b/$name/session.jsonl
	join 0 a/* b/*
	same_as_whole
	grep -q "off its clock" words.txt
}

@test "a part that was killed: no end, and files that stop anywhere" {
	known --streams 1
	part a 0 4.337
	part b 5.5 99
	sed -i '$d' a/$name/session.jsonl
	truncate -s -5001 a/$name/1.wav
	join 0 a/* b/*
	wavcmp -z whole/$name/1.wav out/$name/1.wav >hole
	read -r from to <hole
	[ $((from + 2500)) -ge 34559 ]
	[ $((from + 2500)) -lt 34580 ]
	[ "$(count gap)" -eq 1 ]
	[ "$(end '.streams | length')" -eq 1 ]
	# Alone it is made whole: there is an end, and what there is.
	rm -rf out
	join 0 a/*
	[ "$(end .reason)" = capture-end ]
	[ "$(soxi -s out/$name/1.wav)" -ge 32000 ]
	# A line of which half is there: all but that.
	printf '{"v":1,"event":"dt' >>a/$name/session.jsonl
	rm -rf out
	join 2 a/* b/*
	wavcmp -z whole/$name/1.wav out/$name/1.wav
	[ "$(count end)" -eq 1 ]
}

@test "the last part was killed" {
	known --streams 1
	part a 0 6
	part b 5.5 99
	sed -i '$d' b/$name/session.jsonl
	join 0 a/* b/*
	same_as_whole
	[ "$(end .reason)" = capture-end ]
}

@test "labels that were given anew: the metadata knows the streams" {
	known
	part a 0 4.337
	part b 4.2 99
	sed -i 's/"label":"\([12]\)"/"label":"7\1"/g' b/$name/session.jsonl
	sed -i 's/<label>\([12]\)</<label>7\1</' b/$name/*.xml
	join 0 a/* b/*
	same_as_whole
	[ "$(end '[.streams[].label] | join(" ")')" = "1 2" ]
	# Without metadata they are other streams.
	rm -rf out
	rm b/$name/metadata.xml
	join 0 a/* b/*
	[ "$(end '[.streams[].label] | join(" ")')" = "1 2 71 72" ]
}

@test "parts of different rates: all has that of the first" {
	known --codec G722
	part b 5 99
	mkcap --link raw --seconds 10 --seed 3 -w in.pcap 2>/dev/null
	part a 0 4
	join 0 a/* b/*
	[ "$(soxi -r out/$name/1.wav)" -eq 8000 ]
	[ "$(soxi -s out/$name/1.wav)" -eq "$(soxi -s out/$name/2.wav)" ]
	# What b has is in its place: nothing is left but the filters' own.
	sox -D whole/$name/1.wav -r 8000 want.wav
	level=$(sox out/$name/1.wav -n trim 6 3 stat 2>&1 |
	    awk '/RMS.*amplitude/ { print $3 }')
	sox -m -v 1 out/$name/1.wav -v -1 want.wav -n trim 6 3 stat 2>&1 |
	    awk -v l=$level '/RMS.*amplitude/ { exit !($3 < l / 30) }'
	rm -rf out
	mv a/$name a1
	join 0 b/*
	[ "$(soxi -r out/$name/1.wav)" -eq 16000 ]
}

@test "a codec that changes between parts" {
	known --codec-change 5
	part a 0 5.5
	part b 5.2 99
	join 0 a/* b/*
	same_as_whole
}

@test "sources that speak at once keep their files apart" {
	known
	part a 0 6
	part b 4 99
	# Two streams of one label, and in b in the other order.
	for p in a b whole; do
		sed -i 's/"label":"2"/"label":"1"/g' $p/$name/session.jsonl
		mv $p/$name/2.wav $p/$name/1-2.wav
		sed -i 's/"2\.wav"/"1-2.wav"/' $p/$name/session.jsonl
		rm $p/$name/metadata.xml
	done
	jq -c 'if .event == "end" then .streams |= reverse else . end' \
	    b/$name/session.jsonl >log
	mv log b/$name/session.jsonl
	join 0 a/* b/*
	wavcmp whole/$name/1.wav out/$name/1.wav
	wavcmp whole/$name/1-2.wav out/$name/1-2.wav
}

@test "payloads that cannot be decoded" {
	known --codec x-foo
	part a 0 5
	part b 4 99
	join 0 a/* b/*
	[ "$(end '.streams[0].file')" = 1.rtpdump ]
	# The first 16 bytes behind the line are the time of the first packet.
	cmp whole/$name/1.rtpdump out/$name/1.rtpdump
	cmp whole/$name/2.rtpdump out/$name/2.rtpdump
}

@test "captures of all parts become one, which gives the same again" {
	known --transport tcp
	part a 0 4.337 --keep-rtp
	part b 5.5 99 --keep-rtp
	join 0 a/* b/*
	siprec-extract -q -o again out/$name/rtp.pcap
	wavcmp again/$name/1.wav out/$name/1.wav
	wavcmp again/$name/2.wav out/$name/2.wav
	rm -rf out b/$name/rtp.pcap
	join 0 a/* b/*
	[ ! -e out/$name/rtp.pcap ]
	truncate -s -10 a/$name/rtp.pcap
	cp a/$name/rtp.pcap b/$name/
	rm -rf out
	join 2 a/* b/*
}

@test "--mix and --format, of parts in any format" {
	known
	part a 0 6 --format flac
	part b 4 99 --format ulaw
	join 0 --mix multi --format flac a/* b/*
	[ "$(soxi -c out/$name/mix.flac)" -eq 2 ]
	for i in 1 2; do
		sox out/$name/$i.flac out$i.wav
		wavcmp whole/$name/$i.wav out$i.wav
	done
	[ "$(end '.streams[0].file')" = 1.flac ]
}

@test "Opus files, whose silence is not quite" {
	siprec-extract --version | grep -q "without.*opus" && skip "no Opus"
	known
	part a 0 4.337 --format opus
	part b 5.5 99 --format opus
	join 0 a/* b/*
	[ "$(count gap)" -eq 2 ]
	n=$(soxi -s whole/$name/1.wav)
	[ "$(soxi -s out/$name/1.wav)" -eq "$n" ]
	sox out/$name/1.wav -n trim 6 2 stat 2>&1 |
	    awk '/RMS.*amplitude/ { exit !($3 > 0.05) }'
}

@test "sessions that are linked, and those that are not" {
	known
	part a 0 4.337
	mkcap --link raw --seconds 10 --seed 4 -w in.pcap 2>/dev/null
	part b 0 99
	join 1 a/* b/*
	grep -q "another recording" words.txt
	[ ! -e out ]
	[ ! -s events.jsonl ]
	# The log of one names the other: it continues it.
	jq -c --arg id "$(jq -r .call_id a/$name/session.jsonl | head -1)" \
	    'if .event == "begin" then ., (.event = "continued" |
	    .of_call_id = $id) else . end' b/*/session.jsonl >log
	mv log "$(echo b/*)/session.jsonl"
	join 0 a/* b/*
	[ "$(count continued)" -eq 1 ]
	[ "$(jq -r .call_id events.jsonl | sort -u | wc -l)" -eq 1 ]
}

@test "what cannot be read, and where nothing may be written" {
	known
	part a 0 5
	part b 4 99
	join 66 a/* nowhere
	join 66 a/* in.pcap
	mkdir empty
	join 66 a/* empty
	echo '{"no":"log"}' >empty/session.jsonl
	join 66 a/* empty
	[ ! -e out ]
	join 64 a/* a/*
	join 64
	for o in --all --xml --keep-rtp "--session x" "--after 2026-01-01" \
	    "--align rtcp" --deskew "-f udp" "--keylog x"; do
		join 64 $o a/* b/*
	done
	[ ! -e out ]
	# One file of a part is missing: the rest is there.
	mv b/$name/1.wav 1.wav
	join 2 a/* b/*
	wavcmp whole/$name/2.wav out/$name/2.wav
	mv 1.wav b/$name/
	# What was joined may be joined anew; nothing else is touched.
	join 0 a/* b/*
	same_as_whole
	tree_sums a >before
	extract 73 --join -o a a/* b/*
	extract 73 --join -o whole a/* b/*
	extract 73 --join -o out out/* b/*
	extract 73 --join -o in.pcap a/* b/*
	tree_sums a >after
	cmp before after
}

@test "-n says the same and writes nothing, -q says nothing" {
	known
	part a 0 5
	part b 5.5 99
	join 0 a/* b/*
	grep -v '"event":"end"' events.jsonl >said
	rm -rf out
	join 0 -n a/* b/*
	[ ! -e out ]
	grep -v '"event":"end"' events.jsonl | cmp - said
	[ "$(jq -r 'select(.event == "end") | .streams[0].file' \
	    events.jsonl)" = null ]
	join 0 -q a/* b/*
	[ ! -s events.jsonl ]
	same_as_whole || wavcmp -z whole/$name/1.wav out/$name/1.wav
}

@test "a directory that was joined is one like any other" {
	known
	part a 0 5
	part b 5.5 99
	join 0 a/* b/*
	siprec-meta validate out/$name/metadata.xml
	siprec-meta convert --to vcon out/$name/ >vcon
	[ "$(jq '.dialog | length' vcon)" -eq 2 ]
	siprec-replay -q out/$name -w again.pcap
	siprec-extract -q -o again again.pcap
	wavcmp -z again/*/1.wav again/*/1.wav
}
