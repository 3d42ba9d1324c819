# DEVIATIONS of siprec(7) in metadata: one document, broken in each way that
# was met, and still the same facts come out.

setup() {
	command -v siprec-meta >/dev/null || skip "siprec-meta is not built"
	cd "$BATS_TEST_TMPDIR"
	cat >right.xml <<-'END'
	<?xml version="1.0" encoding="UTF-8"?>
	<recording xmlns="urn:ietf:params:xml:ns:recording:1">
	<datamode>complete</datamode>
	<session session_id="Hm/j4vC4U8axmLgQZDWLBA=="/>
	<participant participant_id="pElsqgHhXFqEOmrBum2wMA==">
	<nameID aor="sip:alice@example.com"><name>Alice</name></nameID>
	</participant>
	<stream stream_id="LIJNPGRnVFCLITcuy57Epg==" session_id="Hm/j4vC4U8axmLgQZDWLBA==">
	<label>1</label></stream>
	<participantsessionassoc participant_id="pElsqgHhXFqEOmrBum2wMA==" session_id="Hm/j4vC4U8axmLgQZDWLBA=="/>
	<participantstreamassoc participant_id="pElsqgHhXFqEOmrBum2wMA==">
	<send>LIJNPGRnVFCLITcuy57Epg==</send></participantstreamassoc>
	</recording>
	END
	siprec-meta validate right.xml
}

facts() {
	siprec-meta get participants "$1" | cut -f 2,3,5
	siprec-meta get streams "$1" | cut -f 2
}

# same [sed option]...: after that change the facts are the same, and
# validate says that something is wrong.
same() {
	sed -E "$@" right.xml >broken.xml
	! cmp -s right.xml broken.xml || { echo "$*: changes nothing"; return 1; }
	facts right.xml >want
	facts broken.xml >got
	diff want got || { echo "$*"; return 1; }
	! siprec-meta validate broken.xml >verdict || { echo "$*: valid"; return 1; }
}

@test "namespaces of the drafts, another root, prefixes" {
	same 's/recording:1/recording/'
	same 's/ns:recording:1/ns:siprec/; s/<(\/?)recording\b/<\1recording_metadata/'
	sed -E 's/xmlns=/xmlns:tns=/; s/<(\/?)([a-zA-Z])/<\1tns:\2/g' \
	    right.xml >tns.xml
	[ "$(facts tns.xml)" = "$(facts right.xml)" ]
}

@test "names of elements and attributes" {
	same 's/datamode/dataMode/g'
	same '/datamode/s/complete/Complete/'
	same 's/(participant|stream)_id/\1-id/g; s/session_id/session-id/g'
	same 's/_id=/id=/g'
	same '/<(session|stream|participant) /s/ (session|stream|participant)_id=/ id=/'
}

@test "no datamode is complete" {
	sed '/datamode/d' right.xml >none.xml
	[ "$(siprec-meta convert --to json none.xml | jq -r .datamode)" = \
	    complete ]
	[ "$(facts none.xml)" = "$(facts right.xml)" ]
}

@test "send in the participant, with the id in an element" {
	same -e '/participantstreamassoc/d' \
	    -e 's/^<\/participant>/<send>LIJNPGRnVFCLITcuy57Epg==<\/send>&/'
	same -e '/participantstreamassoc/d' \
	    -e 's/^<\/participant>/<send><id>LIJNPGRnVFCLITcuy57Epg==<\/id><\/send>&/'
}

@test "everything inside the session" {
	same -e 's/(<session [^>]*)\/>/\1>/' \
	    -e 's/^<\/recording>/<\/session>&/'
}

@test "an address and a name without nameID" {
	same 's/<nameID aor="(.*)"><name>/<aor>\1<\/aor><name>/; s/<\/nameID>//'
}

@test "ids that are no UUIDs" {
	same 's/pElsqgHhXFqEOmrBum2wMA==/+1800555010/g'
	same 's/LIJNPGRnVFCLITcuy57Epg==/urn:uuid:9a/g'
}

@test "another order" {
	{ head -2 right.xml; sed -n '8,$p' right.xml | sed '$d'
	  sed -n '3,7p' right.xml; tail -1 right.xml; } >order.xml
	[ "$(facts order.xml)" = "$(facts right.xml)" ]
}

@test "text that is no XML" {
	same 's/^<\/recording>/<x:y xmlns:x="urn:x">A & B<\/x:y>&/'
	same 's/^<\/recording>/<x:y xmlns:x="urn:x"><sip:a@b><\/x:y>&/'
	same 's/participant_id=("[^"]*")/participant_id = \1/; s/<label>/< label>/'
	same '$d'
}

@test "a bare & comes back as one" {
	sed 's/Alice/Alice \& Co/' right.xml >amp.xml
	[ "$(siprec-meta get participants amp.xml | cut -f 3)" = "Alice & Co" ]
}

@test "other alphabets, blanks and marks before the document" {
	local accent=$'Zo\xc3\xab'
	sed "s/Alice/$accent/" right.xml >utf8.xml
	{ printf '\xef\xbb\xbf'; cat utf8.xml; } >bom.xml
	{ printf '\r\n \r\n'; cat utf8.xml; } >blank.xml
	for to in UTF-16 ISO-8859-1 WINDOWS-1252; do
		sed "s/UTF-8/$to/" utf8.xml | iconv -f UTF-8 -t $to >$to.xml
	done
	for f in bom blank UTF-16 ISO-8859-1 WINDOWS-1252; do
		[ "$(siprec-meta get participants $f.xml | cut -f 3)" = \
		    "$accent" ] || { echo "$f"; return 1; }
	done
}

@test "a Session-ID that is broken over lines" {
	sed 's/\(<session [^>]*\)\/>/\1><sipSessionID>ab30317f1a784dc48ff824d0d3715d86;\n   remote=47755a9de7794ba387653f2099600ef2<\/sipSessionID><\/session>/' \
	    right.xml >long.xml
	[ "$(siprec-meta get sessions long.xml | cut -f 5)" = \
	    "ab30317f1a784dc48ff824d0d3715d86;remote=47755a9de7794ba387653f2099600ef2" ]
}

@test "extension data with a parent goes to it" {
	sed 's/^<\/recording>/<extensiondata parent="pElsqgHhXFqEOmrBum2wMA=="><x:y xmlns:x="urn:x"\/><\/extensiondata>&/' \
	    right.xml >ext.xml
	[ "$(siprec-meta get extensions ext.xml | cut -f 1,2 | sort -u)" = \
	    $'participant\tpElsqgHhXFqEOmrBum2wMA==' ]
}

@test "no association: nobody is said to send" {
	sed '/participantstreamassoc/d' right.xml >none.xml
	[ -z "$(siprec-meta get streams none.xml | cut -f 4)" ]
}

@test "a DOCTYPE is refused" {
	sed '2s/^/<!DOCTYPE recording>/' right.xml >doctype.xml
	status=0
	siprec-meta get participants doctype.xml 2>said || status=$?
	[ $status -eq 1 ]
	grep -q DOCTYPE said
}
