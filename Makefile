# make | make check | make SAN=address,undefined check | make lint | make bench
# make soak | make chaos | make fuzz | make install DESTDIR=
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
UNITDIR ?= $(PREFIX)/lib/systemd/system
CC      ?= cc
CFLAGS  ?= -O3 -g

# The way of a packet leads through many small functions in many files: the
# programs are linked as one.  Objects stay usable without (tests, lint).
LTO     ?= $(if $(SAN)$(findstring clang,$(CC)),no,yes)
AR      := $(if $(filter yes,$(LTO)),gcc-ar,$(AR))

# What may be left out, and by which pkg-config name it is found.
# Force with make WITH_OPUS=no, or yes to fail when it is missing.
found    = $(if $(filter 0,$(shell pkg-config --exists $(1); echo $$?)),yes,no)
WITH_SPANDSP ?= $(call found,spandsp)
WITH_OPUS    ?= $(call found,opus)
WITH_BCG729  ?= $(call found,libbcg729)
WITH_AMR     ?= $(call found,opencore-amrnb opencore-amrwb vo-amrwbenc)
WITH_ARCHIVE ?= $(call found,libarchive)
WITH_SECCOMP ?= $(call found,libseccomp)
WITH_SQLITE  ?= $(call found,sqlite3)
WITH_REDIS   ?= $(call found,hiredis)
WITH_REDIS_TLS ?= $(call found,hiredis hiredis_ssl)
optional = $(if $(filter yes,$(WITH_$(1))),$(2))
PKGS    := libosip2 libxml-2.0 jansson libpcap sndfile speexdsp libssl \
	libcrypto libsrtp2 libevent libevent_openssl libcares \
	$(call optional,SPANDSP,spandsp) $(call optional,OPUS,opus) \
	$(call optional,BCG729,libbcg729) \
	$(call optional,AMR,opencore-amrnb opencore-amrwb vo-amrwbenc) \
	$(call optional,ARCHIVE,libarchive) \
	$(call optional,SECCOMP,libseccomp) $(call optional,SQLITE,sqlite3) \
	$(call optional,REDIS,hiredis) $(call optional,REDIS_TLS,hiredis_ssl)
OPTIONS := $(foreach w,SPANDSP OPUS BCG729 AMR ARCHIVE SECCOMP SQLITE REDIS REDIS_TLS,$(call optional,$w,-DWITH_$w))

VERSION := 0.1.0
override CPPFLAGS += -D_GNU_SOURCE -Iinclude -Ilib -Itests -DSR_VERSION='"$(VERSION)"' \
	$(OPTIONS) -MMD -MP
override CFLAGS   += -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -pthread \
	-fstack-protector-strong $(if $(WERROR),-Werror) \
	$(if $(filter yes,$(LTO)),-flto=auto -ffat-lto-objects) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer \
	-fno-sanitize-recover=all) $(shell pkg-config --cflags $(PKGS))
override LDFLAGS  += $(if $(filter yes,$(LTO)),-fno-lto) -Wl,--as-needed -pthread $(if $(SAN),-fsanitize=$(SAN))
LDLIBS  += $(shell pkg-config --libs $(PKGS)) -lm

# A sanitizer build has its own objects and its own programs.
comma   := ,
B       := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
BIN     := $(if $(SAN),$B/bin,bin)
PURE    := base net rtp sip meta media core ua play client serve
LAYERS  := $(PURE) crypt store out io
OBJ      = $(patsubst %.c,$B/%.o,$(wildcard $(addsuffix /*.c,$(addprefix lib/,$(LAYERS)))))
PROGS   := $(patsubst bin/%.c,%,$(wildcard bin/siprec-*.c))
TOOLS   := $(patsubst tests/tools/%.c,%,$(wildcard tests/tools/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*_fuzz.c))

all: $(addprefix $(BIN)/,$(PROGS))

$B/%.o: %.c
	@mkdir -p $(@D)
	$(if $V,,@echo "  CC $<";)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$B/libsiprec.a: $(OBJ)
	@rm -f $@
	$(if $V,,@echo "  AR $@";)$(AR) rcs $@ $^

# What a program has besides its main: the subcommands of siprec-meta have a
# file each, the options of the others have one.
$(BIN)/siprec-meta: $(patsubst %.c,$B/%.o,$(wildcard bin/meta_*.c))
$(BIN)/siprec-extract: $(patsubst %.c,$B/%.o,$(wildcard bin/extract_*.c))
$(BIN)/siprec-replay: $(patsubst %.c,$B/%.o,$(wildcard bin/replay_*.c))
$(BIN)/siprec-listen: $(patsubst %.c,$B/%.o,$(wildcard bin/listen_*.c))

$(BIN)/siprec-%: $B/bin/siprec-%.o $B/bin/cli.o $B/libsiprec.a
	@mkdir -p $(@D)
	$(if $V,,@echo "  LD $@";)$(CC) $(LDFLAGS) $(CFLAGS) -o $@ $(filter %.o,$^) \
	$(filter %.a,$^) $(LDLIBS)

$B/tests/unit/all: $(patsubst %.c,$B/%.o,$(wildcard tests/unit/*.c tests/unit/*/*.c tests/store/*.c)) $B/libsiprec.a
	$(if $V,,@echo "  LD $@";)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Tools that tests use, and the floor of the bench: ours, never installed.
$B/tests/tools/%: $B/tests/tools/%.o $B/libsiprec.a
	$(if $V,,@echo "  LD $@";)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$B/tests/tools/mkcap: $B/tests/tools/mkcap.o $(patsubst %.c,$B/%.o,$(wildcard tests/mkcap/*.c)) $B/libsiprec.a
	$(if $V,,@echo "  LD $@";)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$B/tests/tools/storetest: $B/tests/tools/storetest.o $(patsubst %.c,$B/%.o,$(wildcard tests/store/*.c)) $B/libsiprec.a
	$(if $V,,@echo "  LD $@";)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$B/tests/bench/floor: tests/bench/floor.c
	@mkdir -p $(@D)
	$(CC) -O2 -std=c11 -D_GNU_SOURCE -Wall -Wextra -o $@ $< -lpcap

# clang only: tests/fuzz/run says CC=clang SAN=fuzzer-no-link,...
$B/tests/fuzz/%: $B/tests/fuzz/%.o $B/libsiprec.a
	$(if $V,,@echo "  LD $@";)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

tools: $(addprefix $B/tests/tools/,$(TOOLS))

check: all tools $B/tests/unit/all
	$B/tests/unit/all
	BIN=$(abspath $(BIN)) TOOLS=$(abspath $B/tests/tools) tests/run-bats

lint:
	tests/lint/layers $B
	tests/lint/text
	$(if $(wildcard man/*.[1-8]),mandoc -Tlint -W warning $(wildcard man/*.[1-8]))

bench: all tools $B/tests/bench/floor
	BIN=$(abspath $(BIN)) TOOLS=$(abspath $B/tests/tools) FLOOR=$(abspath $B/tests/bench/floor) tests/bench/run

# Half an hour at 200 calls; SOAK_MINUTES says otherwise.
soak: all
	BIN=$(abspath $(BIN)) tests/soak/run

# Random faults over live calls; CHAOS_FAULTS says how many, 200 unless said.
chaos: all tools
	BIN=$(abspath $(BIN)) TOOLS=$(abspath $B/tests/tools) tests/chaos/run

# Coverage-guided, with clang: each target for FUZZ_SECONDS.
FUZZ_SECONDS ?= 60
fuzz:
	tests/fuzz/run $(FUZZ_SECONDS) $(FUZZERS)

clean:
	rm -rf build build-* $(addprefix bin/,$(PROGS))

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 \
		$(DESTDIR)$(MANDIR)/man7 $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR) \
		$(DESTDIR)$(UNITDIR)
	install -m 755 $(addprefix $(BIN)/,$(PROGS)) $(DESTDIR)$(BINDIR)
	install -m 644 man/*.1 $(DESTDIR)$(MANDIR)/man1
	install -m 644 man/*.5 $(DESTDIR)$(MANDIR)/man5
	install -m 644 man/*.7 $(DESTDIR)$(MANDIR)/man7
	for p in $(PROGS); do \
		install -m 644 completions/$$p.bash $(DESTDIR)$(BASHDIR)/$$p; \
		install -m 644 completions/_$$p $(DESTDIR)$(ZSHDIR)/_$$p; \
		install -m 644 completions/$$p.fish $(DESTDIR)$(FISHDIR)/$$p.fish; \
	done
	sed 's|/usr/local/bin/|$(BINDIR)/|' lib/systemd/siprec-listen.service \
		>$(DESTDIR)$(UNITDIR)/siprec-listen.service

.PHONY: all check lint bench soak chaos fuzz clean install tools
.SECONDARY:
-include $(shell find $B -name '*.d' 2>/dev/null)
