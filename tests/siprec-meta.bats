#!/usr/bin/env bats
# siprec-meta from outside: a test per subcommand and per exit status.
bats_require_minimum_version 1.5.0

setup() {
  G="$BATS_TEST_DIRNAME/golden/meta"
  R="$BATS_TEST_DIRNAME/.."
  T="$BATS_TEST_TMPDIR"
  cd "$G"
}

# A session directory as siprec-extract leaves one.
session() {
  mkdir -p "$T/call"
  cp two-party.xml "$T/call/metadata-0001.xml"
  cp transfer.xml "$T/call/metadata-0002.xml"
  cp stop.xml "$T/call/metadata-0003.xml"
  printf 'eleven' > "$T/call/11.wav"
  printf 'twelve' > "$T/call/12.wav"
  ruth=$(siprec-meta get participants two-party.xml | head -1 | cut -f 1)
  cat > "$T/call/session.jsonl" <<EOF
{"v":1,"event":"begin","time":"2026-03-02T09:30:01.000Z"}
{"v":1,"event":"metadata","time":"2026-03-02T09:30:01.000Z","file":"metadata-0001.xml"}
{"v":1,"event":"metadata","time":"2026-03-02T09:41:02.000Z","file":"metadata-0002.xml"}
{"v":1,"event":"metadata","time":"2026-03-02T09:50:03.000Z","file":"metadata-0003.xml"}
{"v":1,"event":"end","time":"2026-03-02T09:50:04.000Z","start":"2026-03-02T09:30:01.500Z","streams":[{"label":"11","file":"11.wav","duration":1202.5,"participants":[{"id":"$ruth"}]},{"label":"12","file":"12.wav","duration":1202.5,"participants":[]}]}
EOF
}

corpus() {
  [ -n "${SIPREC_CORPUS:-}" ] || skip "SIPREC_CORPUS is not set"
  C="$SIPREC_CORPUS/metadata"
}

# ---- validate ----

@test "validate: a valid document exits 0 and says nothing" {
  run --separate-stderr -0 siprec-meta validate two-party.xml
  [ -z "$output$stderr" ]
}

@test "validate: a draft exits 1 and names line, rule, clause and remedy" {
  run -1 siprec-meta validate draft.xml
  [[ "$output" == *"draft.xml:2: error: R7865-5.1.2-1 (RFC 7865 section 5.1.2): "*"; Use the namespace "* ]]
}

@test "validate: --lenient takes the draft and says who is heard where" {
  run -0 siprec-meta validate --lenient draft.xml
  [[ "$output" == *"draft.xml: label a_leg: heard: ruth@desk.example"* ]]
}

@test "validate: a repaired document is told as not well-formed" {
  run -1 siprec-meta validate --json broken.xml
  [ "$(jq -r '.well_formed, .valid, .participants[0].names[0]' <<<"$output" | paste -sd ' ')" = "false false Okafor & Sons" ]
}

@test "validate: a SIP message, a multipart body and JSON are told by content" {
  run -0 siprec-meta validate invite.sip body.mime call.json
  for f in invite.sip body.mime; do
    siprec-meta convert --to json "$f" | jq -e '.participants | length == 2'
  done
}

@test "validate: lines are those of the file, inside a message too" {
  sed 's/<name xml:lang="en">/<nome>/; s/<\/name>/<\/nome>/' invite.sip |
    sed 's/^Content-Length:.*\r/Content-Length: 99999\r/' > "$T/m.sip"
  line=$(grep -n '<nome>' "$T/m.sip" | cut -d : -f 1)
  run -1 siprec-meta validate "$T/m.sip"
  [[ "$output" == *"m.sip:$line: error: "* ]]
}

@test "validate: a label that is not in the SDP is an error with --sdp" {
  run -0 siprec-meta validate --sdp offer.sdp two-party.xml
  run -0 siprec-meta validate --sdp invite.sip two-party.xml
  sed 's/label:12/label:13/' offer.sdp > "$T/other.sdp"
  run -1 siprec-meta validate --sdp "$T/other.sdp" two-party.xml
  [[ "$output" == *"error: R7865-6.7.1-1"*'label "12"'* ]]
  [[ "$output" == *"warning: "*'label "13"'* ]]
}

@test "validate: a label that is not in the message's own SDP is a warning" {
  sed 's/label:12/label:13/' invite.sip > "$T/m.sip"
  run -0 siprec-meta validate "$T/m.sip"
  [[ "$output" == *"warning: R7865-6.7.1-1"*'label "12"'* ]]
}

@test "validate: several documents follow each other, each is judged" {
  cat two-party.xml draft.xml two-party.xml > "$T/all"
  run -1 siprec-meta validate --json - < "$T/all"
  [ "$(jq -r .valid <<<"$output" | paste -sd ' ')" = "true false true" ]
}

@test "validate: a lost quote does not swallow the next document" {
  { sed 's/<label>11/<label x="11/' two-party.xml; cat two-party.xml; } > "$T/q"
  run -1 siprec-meta validate --json "$T/q"
  [ "$(jq -r .valid <<<"$output" | paste -sd ' ')" = "false true" ]
}

@test "validate: a second root without declaration breaks its document" {
  { cat two-party.xml; sed 1d hold.xml; } > "$T/two"
  run -1 siprec-meta validate --json "$T/two"
  [ "$(jq -r .well_formed <<<"$output" | wc -l)" = 1 ]
  [ "$(jq -r .well_formed <<<"$output")" = false ]
}

@test "validate: a request for a snapshot is valid" {
  run -0 siprec-meta validate snapshot-request.xml
}

# ---- show, get ----

@test "show: who was on the call and who is heard" {
  run -0 siprec-meta show two-party.xml
  [ "$output" = "$(cat two-party.show)" ]
}

@test "show: a session directory shows its last state" {
  session
  run -0 siprec-meta show "$T/call"
  [[ "$output" == *"Ines <sip:ines@desk.example>"*"left the session"*"09:50:00Z"* ]]
}

@test "get: participants with their labels" {
  run -0 siprec-meta get participants two-party.xml
  [ "$(cut -f 2,3,5,6 <<<"$output" | head -1)" = "$(printf 'sip:ruth@desk.example\tRuth Okafor\t11\t12')" ]
}

@test "get: streams, sessions, associations, extensions have a row each" {
  [ "$(siprec-meta get streams two-party.xml | cut -f 2 | paste -sd ' ')" = "11 12" ]
  [ "$(siprec-meta get sessions two-party.xml | cut -f 3)" = "2026-03-02T09:30:00Z" ]
  [ "$(siprec-meta get associations two-party.xml | cut -f 1 | sort | uniq -c | awk '{print $1 $2}' | paste -sd ' ')" = "1recording 2session 2stream" ]
  [ "$(siprec-meta get extensions two-party.xml | cut -f 1,3)" = "$(printf 'session\t{urn:example:policy}retention')" ]
}

@test "get: every row has the same number of columns" {
  for t in participants streams sessions associations; do
    siprec-meta get $t two-party.xml draft.xml transfer.merged.xml |
      awk -F '\t' '{ print NF }' | sort -u | wc -l | grep -x 1
  done
}

@test "get: nothing found exits 1" {
  run --separate-stderr -1 siprec-meta get extensions hold.xml
  [ -z "$output" ]
}

# ---- convert, new ----

@test "convert: canonical XML stays as it is" {
  run -0 siprec-meta convert --to xml two-party.xml
  [ "$output" = "$(cat two-party.xml)" ]
}

@test "convert: a draft becomes valid RFC 7865 and keeps its ids" {
  run -0 siprec-meta convert --to xml draft.xml
  [ "$output" = "$(cat draft.out.xml)" ]
  siprec-meta validate draft.out.xml
  siprec-meta convert --to xml draft.out.xml | cmp - draft.out.xml
}

@test "convert: --strict refuses what is not valid" {
  run --separate-stderr -1 siprec-meta convert --strict --to xml draft.xml
  [ -z "$output" ]
}

@test "convert to json and new give the document back" {
  for f in two-party.xml draft.out.xml hold.xml snapshot-request.xml; do
    siprec-meta convert --to json "$f" | siprec-meta new > "$T/back.xml"
    siprec-meta convert --to xml "$f" | cmp - "$T/back.xml"
  done
}

@test "new: a document without ids gets UUIDs and is valid" {
  run -0 bash -c 'siprec-meta new < call.json | siprec-meta validate -'
  [ "$(siprec-meta new call.json | siprec-meta get participants - | cut -f 2,5 | head -1)" = "$(printf 'sip:ruth@desk.example\t11')" ]
}

@test "new: what is no JSON of ours exits 1 and says where" {
  run --separate-stderr -1 siprec-meta new <<<'{"streams": 1}'
  [[ "$stderr" == *streams* ]]
}

@test "convert: a vCon of a document has parties, dialogs and the metadata" {
  run -0 siprec-meta convert --to vcon two-party.xml
  jq -e '.vcon == "0.4.0" and (.parties | length) == 2
    and (.dialog | length) == 2 and .dialog[0].type == "recording"
    and .dialog[0].parties == [0] and .analysis == []
    and (.attachments[0].body | startswith("<?xml"))
    and .parties[1].tel == "tel:+496912345678"' <<<"$output"
}

@test "convert: a vCon of a directory refers to the audio by hash" {
  session
  run -0 siprec-meta convert --to vcon "$T/call"
  want=sha512-$(openssl dgst -sha512 -binary "$T/call/11.wav" | base64 -w0 | tr '+/' '-_' | tr -d =)
  [ "$(jq -r '.dialog[0].content_hash' <<<"$output")" = "$want" ]
  jq -e '(.parties | length) == 3 and .dialog[0].url == "11.wav"
    and .dialog[0].start == "2026-03-02T09:30:01.500Z"
    and .dialog[0].duration == 1202.5 and .dialog[0].parties == [0]
    and .dialog[0].mediatype == "audio/x-wav"' <<<"$output"
}

@test "convert: a vCon with an audio file missing exits 2" {
  session
  rm "$T/call/12.wav"
  run --separate-stderr -2 siprec-meta convert --to vcon "$T/call"
  [ "$(jq '.dialog | length' <<<"$output")" = 1 ]
}

# ---- merge, diff ----

@test "merge: hold takes the sends away that are not listed" {
  run -0 siprec-meta merge two-party.xml hold.xml
  [ "$output" = "$(cat hold.merged.xml)" ]
}

@test "merge: resume brings them back, in two associations united" {
  siprec-meta merge two-party.xml hold.xml resume.xml | siprec-meta diff - two-party.xml
}

@test "merge: a transfer closes the part of one and opens that of another" {
  run -0 siprec-meta merge two-party.xml hold.xml resume.xml transfer.xml
  [ "$output" = "$(cat transfer.merged.xml)" ]
  siprec-meta validate transfer.merged.xml
}

@test "merge: a directory is its documents in order" {
  session
  siprec-meta merge "$T/call" > "$T/a"
  siprec-meta merge two-party.xml transfer.xml stop.xml | cmp - "$T/a"
}

@test "merge: an update without a base is kept, and said" {
  run --separate-stderr -0 siprec-meta merge hold.xml
  [[ "$output" == *"<datamode>partial</datamode>"* ]]
  [[ "$stderr" == *"no complete document"* ]]
}

@test "merge: a reference that nothing resolves is an error in the verdict" {
  run -0 --separate-stderr siprec-meta merge --json second-leg.xml hold.xml
  [ "$(jq .valid <<<"$output")" = false ]
}

@test "diff: the same exits 0, a change exits 1 and is told" {
  run -0 siprec-meta diff two-party.xml invite.sip
  [ -z "$output" ]
  run -1 siprec-meta diff two-party.xml transfer.merged.xml
  [ "$output" = "$(cat transfer.diff)" ]
  siprec-meta diff --json two-party.xml transfer.merged.xml > "$T/d" || true
  [ "$(jq -r 'select(.fact == "sends").change' "$T/d" | paste -sd ' ')" = "removed added" ]
}

# ---- timeline, correlate ----

@test "timeline: a flow of five documents" {
  run -0 siprec-meta timeline two-party.xml hold.xml resume.xml transfer.xml stop.xml
  [ "$output" = "$(cat flow.timeline.tsv)" ]
}

@test "timeline: a directory gives the times of the receipt" {
  session
  run -0 siprec-meta timeline --json "$T/call"
  jq -se '[.[] | select(.what == "sends" and .label == "11")] | length == 2
    and .[0].from == "2026-03-02T09:30:01.000Z" and .[0].from_approx
    and .[0].to == "2026-03-02T09:41:00Z" and (.[0].to_approx | not)' <<<"$output"
}

@test "correlate: two recordings of one call are tied" {
  run -0 siprec-meta correlate two-party.xml second-leg.xml
  [ "$(cut -f 1,2 <<<"$output" | sort | paste -sd ' ')" = "$(printf '1\tgroup 1\tparticipant 1\tsession-id')" ]
}

@test "correlate: strangers exit 1" {
  run -1 siprec-meta correlate two-party.xml draft.xml
}

# ---- statuses and the rest ----

@test "usage: each misuse exits 64" {
  run -64 siprec-meta
  run -64 siprec-meta judge two-party.xml
  run -64 siprec-meta validate
  run -64 siprec-meta validate --fast two-party.xml
  run -64 siprec-meta validate --strict --lenient two-party.xml
  run -64 siprec-meta show --sdp offer.sdp two-party.xml
  run -64 siprec-meta convert two-party.xml
  run -64 siprec-meta convert --to pdf two-party.xml
  run -64 siprec-meta get colours two-party.xml
  run -64 siprec-meta get streams
  run -64 siprec-meta get --json streams two-party.xml
  run -64 siprec-meta diff two-party.xml
}

@test "a file that is too long is refused by name, 64" {
  truncate -s 65M "$T/long.xml"
  run -64 siprec-meta validate "$T/long.xml"
  [[ "$output" == *long.xml* ]]
}

@test "a file that is not there exits 66, and the others are still read" {
  run -66 siprec-meta get streams nothing.xml two-party.xml
  [[ "$output" == *nothing.xml* && "$output" == *two-party.xml* ]]
  run -66 siprec-meta validate --sdp nothing.sdp two-party.xml
}

@test "no metadata in it exits 1" {
  run -1 siprec-meta show offer.sdp
  run -1 siprec-meta show - < /dev/null
  mkdir "$T/empty"
  run -66 siprec-meta show "$T/empty"
}

@test "a closed stdout exits 74" {
  run -74 bash -c 'siprec-meta show two-party.xml >&-'
  run -74 bash -c 'siprec-meta show two-party.xml > /dev/full'
}

@test "help and version go to stdout and exit 0" {
  run --separate-stderr -0 siprec-meta --help
  [[ "$output" == usage:* && -z "$stderr" ]]
  for c in validate show get convert merge diff new correlate timeline; do
    [[ "$output" == *"  $c "* ]]
  done
  run --separate-stderr -0 siprec-meta --version
  [[ "$output" == siprec-meta\ [0-9]* && -z "$stderr" ]]
}

@test "every option and command has its place in the manual" {
  for w in validate show get convert merge diff new correlate timeline; do
    grep -q "^\.It Cm $w" "$R/man/siprec-meta.1"
  done
  for o in $(siprec-meta --help | grep -o -- '--[a-z]*' | sort -u); do
    grep -q "Fl -${o#--}" "$R/man/siprec-meta.1"
  done
}

@test "the examples of the manual run" {
  n=0
  while read -r line; do
    bash -o pipefail -c "$line" > "$T/out" || { echo "$line"; false; }
    n=$((n + 1))
  done < <(sed -n 's/^\.Dl \$ //p' "$R/man/siprec-meta.1")
  [ "$n" -ge 5 ]
}

@test "no TLS, codec or audio library is linked" {
  ldd "$(command -v siprec-meta)" > "$T/ldd"
  run ! grep -E 'libssl|sndfile|opus|spandsp|bcg729|opencore|speex|pcap|srtp' "$T/ldd"
}

@test "no control character of a document reaches the terminal" {
  printf '<?xml version="1.0"?><recording xmlns="urn:ietf:params:xml:ns:recording:1"><participant participant_id="\302\233"><nameID aor="a&#9;b"><name>x&#13;y</name></nameID></participant></recording>' > "$T/c.xml"
  siprec-meta show "$T/c.xml" > "$T/out"
  run ! grep -P '[\x00-\x08\x0b-\x1f\x7f]' "$T/out"
}

# ---- the corpus ----

@test "corpus: every document converts to what the schema takes" {
  corpus
  # gotest-partial-leave lacks a mandatory id, and nothing is invented.
  for f in "$C"/*.xml; do
    case $f in *gotest-partial-leave.xml) continue ;; esac
    siprec-meta convert --to xml "$f" > "$T/x.xml"
    siprec-meta convert --to xml "$T/x.xml" | cmp - "$T/x.xml"
    siprec-meta validate --json "$T/x.xml" > "$T/v" || true
    jq -e .schema_valid "$T/v" > /dev/null || { echo "$f"; false; }
  done
}

@test "corpus: JSON there and back" {
  corpus
  for f in "$C"/*.xml; do
    siprec-meta convert --to xml "$f" > "$T/x.xml"
    siprec-meta convert --to json "$f" | siprec-meta new | cmp - "$T/x.xml" || { echo "$f"; false; }
  done
}

# Who sends and hears which label, in one line.
state() {
  siprec-meta merge "$@" 2> "$T/err" | siprec-meta get participants - |
    awk -F '\t' '{ print substr($1, 1, 4) ":" $5 ">" $6 }' | paste -sd ' '
}

@test "corpus: the states that RFC 8068 draws" {
  corpus
  [ "$(state "$C/rfc8068-01.xml")" = "srfB:97,96>98,99 zSfP:98,99>96,97" ]
  [ "$(state "$C/rfc8068-01.xml" "$C/rfc8068-03.xml")" = "srfB:97,96>98,99 zSfP:98,99>97,96" ]
  [ "$(state "$C/rfc8068-01.xml" "$C/rfc8068-06.xml")" = "zSfP:98,99>96,97 Atnm:96,97>98,99" ]
  [ "$(state "$C/rfc8068-08.xml")" = "srfB:96>96 zSfP:96>96" ]
  [ "$(state "$C/rfc8068-08.xml" "$C/rfc8068-09.xml")" = "srfB:>96 zSfP:96>" ]
  [ "$(state "$C/rfc8068-08.xml" "$C/rfc8068-12.xml")" = "srfB:> zSfP:96>96" ]
  [ "$(state "$C/rfc8068-01.xml" "$SIPREC_CORPUS/sip/rfc8068-07-bye.sip")" != "" ]
}

@test "corpus: no SIP message and no attack ends a command badly" {
  corpus
  for f in "$SIPREC_CORPUS"/sip/* "$SIPREC_CORPUS"/hostile/xml/* "$SIPREC_CORPUS"/hostile/multipart/*; do
    for c in "validate" "show" "convert --to vcon" "merge" "timeline"; do
      s=0
      timeout 20 siprec-meta $c "$f" > "$T/out" 2>&1 || s=$?
      [ "$s" -le 1 ] || { echo "$c $f: $s"; cat "$T/out" | head -5; false; }
    done
  done
}
