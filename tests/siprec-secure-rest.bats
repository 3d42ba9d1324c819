# Recordings at rest: who may read them, for whom they are encrypted, and what
# is never written.
load lib/secure

setup() {
	setup_secure
	TRANSPORT=tcp
}
teardown() {
	teardown_secure
	[ ! -d gnupg ] || gpgconf --kill all 2>/dev/null || true
}

modes() {
	find out -mindepth 1 -type $1 -printf '%m\n' | sort -u | tr '\n' ' '
}

@test "files are the owner's alone, or as --mode says" {
	umask 022
	listen sip:127.0.0.1:0 --keep-rtp --mix multi
	replay 0
	stop
	[ "$(modes f)" = "600 " ]
	[ "$(modes d)" = "700 " ]
	rm -r out
	listen sip:127.0.0.1:0 --keep-rtp --mix multi --mode 0640
	replay 0
	stop
	[ "$(modes f)" = "640 " ]
	[ "$(modes d)" = "750 " ]
	run -64 siprec-listen --mode 0044
	run -64 siprec-listen --mode 1777
	run -64 siprec-listen --mode rw
}

# sealed SUFFIX COMMAND...: every file has it, and COMMAND gives what was said
sealed() {
	local d=$(session) f sum
	[ "$(find $d -type f ! -name "*.$1" | wc -l)" -eq 0 ]
	[ "$(ls $d | wc -l)" -ge 7 ]
	jq -r 'select(.event == "end") | .streams[] | [.file, .sha256] | @tsv' \
	    events.jsonl | while IFS=$'\t' read -r f sum; do
		[ "$(sha256sum <$d/$f)" = "$sum  -" ] || exit 1
		"${@:2}" <$d/$f >plain.wav || exit 1
		[ "$(soxi -r plain.wav)" = 8000 ] || exit 1
	done
	"${@:2}" <$d/session.jsonl.$1 | tail -1 | grep -q '"event":"end"'
	[ "$("${@:2}" <$d/session.jsonl.$1 | jq -r 'select(.event == "end") |
	    .streams[0].file')" = 1.wav.$1 ]
}

@test "--encrypt-to: for a key of age, the plain files are gone" {
	command -v age >/dev/null || skip "no age"
	age-keygen -o key 2>/dev/null
	listen sip:127.0.0.1:0 --keep-rtp \
	    --encrypt-to "$(sed -n 's/.*public key: //p' key)"
	replay 0
	stop
	sealed age age -d -i key
	[ "$(modes f)" = "600 " ]
}

@test "--encrypt-to: for a key of gpg" {
	command -v gpg >/dev/null || skip "no gpg"
	mkdir -m 700 gnupg
	export GNUPGHOME=$PWD/gnupg
	gpg --batch --quiet --passphrase '' --quick-gen-key rec@example.com
	listen sip:127.0.0.1:0 --keep-rtp \
	    --encrypt-to rec@example.com
	replay 0
	stop
	sealed gpg gpg --batch --quiet -d
}

@test "a recipient that nobody knows is refused at the start" {
	command -v age >/dev/null || command -v gpg >/dev/null || skip "neither"
	run -64 siprec-listen --encrypt-to nobody-of-that-name
	[[ $output == *"cannot encrypt"* ]]
}

@test "--metadata-keep ids: ids stay, names and extensions are nowhere" {
	listen sip:127.0.0.1:0 --keep-rtp
	replay 0
	stop
	d=$(session)
	grep -qa nameID $d/rtp.pcap
	[ "$(log '.streams[0].participants[0].aor // empty' | head -1)" != "" ]
	rm -r out events.jsonl
	listen sip:127.0.0.1:0 --keep-rtp --metadata-keep ids
	replay 0
	stop
	d=$(session)
	run ! grep -rqa -e nameID -e "<name" out events.jsonl
	[ "$(siprec-meta get participants $d/metadata.xml | wc -l)" -ge 2 ]
	[ -e $d/metadata-0001.xml ]
	[ "$(log 'select(.event == "end") | .streams[0].participants[0] |
	    keys | join(",")')" = id ]
}

@test "--metadata-keep none: no metadata at all, the audio as ever" {
	listen sip:127.0.0.1:0 --keep-rtp --metadata-keep none
	replay 0
	stop
	d=$(session)
	run ! ls $d/metadata*
	run ! grep -rqa -e nameID -e participant_id -e rs-metadata-xml out
	run ! grep -rqa "<recording" out
	[ "$(log 'select(.event == "end") | .streams | length')" -eq 2 ]
	[ "$(log 'select(.event == "end") | .streams[0].participants |
	    length')" -eq 0 ]
	[ "$(soxi -r $d/1.wav)" = 8000 ]
}

@test "--drop-ext: that namespace is nowhere, another is" {
	with_exts() {
		dial
		{ printf '%s\n' --b "Content-Type: application/sdp" ""
		  offer
		  printf '%s\n' "" --b \
		    "Content-Type: application/rs-metadata+xml" ""
		  cat <<-X
		<?xml version="1.0"?>
		<recording xmlns="urn:ietf:params:xml:ns:recording:1">
		<datamode>complete</datamode>
		<session session_id="hVpd7YQgRW2nD22h7q60JQ=="/>
		<participant participant_id="srfBElmCRp2QB23b7Mpk0w==">
		<nameID aor="sip:bob@example.com"/>
		<s:secret xmlns:s="urn:secret"><s:x>4711</s:x></s:secret>
		<o:open xmlns:o="urn:open">0815</o:open>
		</participant>
		<stream stream_id="UAAMm5GRQKSCMVvLyl4rFw=="
		  session_id="hVpd7YQgRW2nD22h7q60JQ=="><label>1</label></stream>
		</recording>
		X
		  printf '%s\n' "--b--"; } | TYPE="multipart/mixed;boundary=b" \
		    request INVITE $1 1
		tell
		expect 200
		TO_TAG=$(tag) request ACK $1 1 </dev/null; tell
		TO_TAG=$(tag) request BYE $1 2 </dev/null; tell
		expect 200
		stop
	}
	listen sip:127.0.0.1:0 --keep-rtp
	with_exts plain
	grep -q 4711 $(session)/metadata.xml
	grep -q 0815 $(session)/metadata.xml
	rm -r out
	listen sip:127.0.0.1:0 --keep-rtp --drop-ext urn:secret
	with_exts dropped
	grep -q 0815 $(session)/metadata.xml
	run ! grep -rqa -e 4711 -e urn:secret out
}

@test "--mask-dtmf: a digit was dialled, which one nobody learns" {
	listen sip:127.0.0.1:0 --keep-rtp --mask-dtmf
	replay 0 --dtmf 47 --duration 3
	stop
	[ "$(log 'select(.event == "dtmf") | .digit' | tr '\n' ' ')" = "x x " ]
	[ "$(jq -r 'select(.event == "dtmf") | .digit' events.jsonl |
	    sort -u)" = x ]
	siprec-extract -q -o again $(session)/rtp.pcap
	run ! grep -rq '"event":"dtmf"' again
	[ "$(soxi -r again/*/1.wav)" = 8000 ]
}
