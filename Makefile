# SPDX-License-Identifier: Apache-2.0
# One Makefile for the whole house. `make` alone prints the targets. V=1 shows commands, SAN=address,undefined builds
# with sanitizers in a tree of its own, CC=clang in another.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

ifeq ($(origin CC),default)
CC := gcc
endif
SAN ?=
BROKER ?= kafka
CORES = $(shell nproc)
comma := ,
B := build/$(notdir $(CC))$(if $(SAN),-$(subst $(comma),-,$(SAN)))
Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-6s %s\n' $(1) $(2))

PACKAGES := rdkafka libzmq libsodium jansson libfyaml libhs libmicrohttpd sqlite3 libsystemd libcbor libcurl
# Expanded when first used, since `make setup` may have just installed them.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PACKAGES)))$(PKG_CFLAGS)
pkg_libs = $(shell pkg-config --libs $(1))

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wvla -Wformat=2 -Wundef
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIC $(if $(SAN),,-D_FORTIFY_SOURCE=2)
# Debian 12's valgrind cannot read the DWARF 5 that clang writes.
CFLAGS ?= -O2 -g$(if $(findstring clang,$(CC)),dwarf-4)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -I$(B)/gen $(PKG_CFLAGS) $(WARN) $(HARDEN) $(CFLAGS) \
	-fvisibility=hidden -include ops/runtime/banned.h \
	$(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all) $(FUZZ_COVERAGE)
# How deep the stack was depends on where the kernel put it: with that as coverage no run of a fuzz target is like another.
FUZZ_COVERAGE = $(if $(findstring fuzzer,$(SAN)),-fno-sanitize-coverage=stack-depth)
ALL_LDFLAGS = -Wl,-z,relro,-z,now -Wl,--as-needed -pie $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)
LIBS = $(call pkg_libs,$(PACKAGES)) -lm -lpthread

# Rooms. A room's library is every .c in its folder; a program is its main and its folder's other files.
obj = $(patsubst %.c,$(B)/%.o,$(filter-out %main.c,$(wildcard $(1)/*.c)))
ROOMS := ops/runtime schema schema/keyring schema/store producers/sdk workers/stage
PROGRAM_ROOMS := producers/gateway producers/batch producers/webform workers/classify workers/dedupe workers/route workers/sink ops/ctl \
	ops/deploy/embedded
lib = $(B)/lib/lib$(subst /,-,$(1)).a
# In link order: what uses stands before what is used.
ROOM_LIBS := $(foreach r,workers/stage producers/sdk schema/store schema/keyring schema ops/runtime,$(call lib,$(r)))

# program : its main
PROGRAMS := \
	tipline-gateway:producers/gateway/main \
	tip-submit:producers/batch/submit_main \
	tip-rehearse:producers/batch/rehearse_main \
	tipline-webform:producers/webform/main \
	tipline-classify:workers/classify/main \
	tipline-dedupe:workers/dedupe/main \
	tipline-route:workers/route/main \
	tipline-sink:workers/sink/main \
	tipctl:ops/ctl/main \
	tipline-embedded-broker:ops/deploy/embedded/main
program_names := $(foreach p,$(PROGRAMS),$(firstword $(subst :, ,$(p))))
BINS := $(addprefix $(B)/bin/,$(program_names))

# Those that wait for brokers, peers and time-outs more than they work begin first: the others fill the time.
TESTS_WAITING := kafka_group kafka_consumer sdk sdk_trust sdk_sealed http http_listener frame_sealed stage_loop kafka_faults kafka_lock kafka_admin sink
TESTS_ALL := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/*_test.c))
TESTS_FIRST := $(patsubst %,$(B)/tests/%_test,$(TESTS_WAITING))
TESTS := $(TESTS_FIRST) $(filter-out $(TESTS_FIRST),$(TESTS_ALL))

# What e2e does that no adapter would.
E2E_TOOLS := $(addprefix $(B)/tests/,seal_raw curve_peer make_topic sign_list open_all)

# Fuzz targets, tests/fuzz/NAME_fuzz.c : seconds in `make test`. Clang alone has libFuzzer, so they have a tree of their own.
FUZZ := tip:20 frame:20 record:20 tip1:20 gateway:20 kafka:20 yaml:20 conf:20 age:20 lexicon:20 text:20 \
	age_stream:20 armour:20 record_json:10 entry:10 bech32:10 keys:10 recipients:10 policy:10 register:10 log:10 \
	keyring:10 confirmation:10 http_form:10 sealed:10
FUZZ_SAN := fuzzer,address,undefined
FUZZ_B := build/clang-$(subst $(comma),-,$(FUZZ_SAN))
fuzz_targets = $(if $(TARGET),$(filter $(addsuffix :%,$(TARGET)),$(FUZZ)),$(FUZZ))

help: ## print the targets
	@printf 'tipline: make TARGET [V=1] [CC=clang] [SAN=address,undefined]\n\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r t d; do \
		printf '  %-14s %s\n' "$$t" "$$d"; done

all: setup-quiet ## build every program and libtipline
	$(Q)$(MAKE) --no-print-directory programs

programs: $(BINS) $(B)/lib/libtipline.a $(B)/lib/libtipline.so.0 page
	@:

# The public web form's pages: of no compiler, so in a folder of their own. Node and its packages are not everywhere.
PAGE := build/webform
PAGE_NPM := build/webform-npm
page: $(if $(wildcard $(PAGE_NPM)/done),$(PAGE)/report.html,page-absent) ## the public web form's pages (part of all)
	@:

page-absent:
	@printf '  the web form'"'"'s pages are not built: no Node 20 and its packages here (make setup)\n'

setup: ## install what the build, the demo and the tests need (Debian packages, Apache Kafka)
	$(Q)ops/deploy/local/setup all

setup-quiet:
	$(Q)ops/deploy/local/setup build

demo: ## the whole pipeline on Apache Kafka, 5,000 tips, with kills (BROKER=embedded: without Java)
	$(Q)BROKER=$(BROKER) ops/deploy/local/setup demo
	$(Q)$(MAKE) --no-print-directory programs
	$(Q)python3 ops/deploy/local/demo.py --bin $(B)/bin --broker $(BROKER)

up: ## start the same pipeline to play with; state in build/up
	$(Q)BROKER=$(BROKER) ops/deploy/local/setup demo
	$(Q)$(MAKE) --no-print-directory programs
	$(Q)python3 ops/deploy/local/up.py start --bin $(B)/bin --broker $(BROKER)

down: ## stop it
	$(Q)python3 ops/deploy/local/up.py stop

test: ## lint, unit, interop, fuzz, replay, memory and end-to-end tests, a short chaos
	$(Q)ops/deploy/local/setup all
	$(Q)$(MAKE) --no-print-directory lint
	$(Q)$(MAKE) --no-print-directory -j$(CORES) test-programs
	$(Q)$(MAKE) --no-print-directory unit interop replay
ifdef SAN
	@echo "valgrind, memory: left out, since sanitizers bring an allocator of their own"
else
	$(Q)$(MAKE) --no-print-directory valgrind-quick
	$(Q)$(MAKE) --no-print-directory memory SECONDS=15
endif
	$(Q)$(MAKE) --no-print-directory e2e
	$(Q)$(MAKE) --no-print-directory fuzz-and-chaos KILLS=$(or $(KILLS),40) SEED=$(SEED)

# Side by side, since chaos waits more than it works: fuzzing has what the other leaves, and is told of at the end.
fuzz-and-chaos:
	$(Q)mkdir -p build
	$(Q)nice -n 19 $(MAKE) --no-print-directory fuzz SEED=$(or $(SEED),1) > build/fuzz.log 2>&1 & fuzz=$$!; \
	trap 'kill $$fuzz' INT TERM; \
	$(MAKE) --no-print-directory chaos MINUTES=5; chaos=$$?; \
	wait $$fuzz; fuzz=$$?; cat build/fuzz.log; [ $$chaos = 0 ] && [ $$fuzz = 0 ]

# All that the tests run, for make to build side by side.
test-programs: programs $(TESTS) $(E2E_TOOLS) $(B)/chaos/shim.so $(B)/memory/shim.so $(B)/tests/memory-steps
	@:

lint: $(B)/gen/store.sql.h ## the house's rules
	$(Q)CC=$(CC) tests/lint/run

unit: $(TESTS) ## unit tests (cmocka)
	$(Q)tests/unit/run $(TESTS)

# Under memcheck all unit tests but: kafka_*, sdk_test and sdk_trust_test (librdkafka and a gateway against deadlines,
# 30 times slower), stage_loop_test (runs itself again, which valgrind refuses), age_vectors, frame_sealed and classify
# (minutes of arithmetic).
# dedupe_index_test leaves children in the middle, with all they hold: no leaks are looked for there.
VALGRIND := valgrind -q --error-exitcode=9 --errors-for-leak-kinds=definite --child-silent-after-fork=yes
VALGRIND_NOT := kafka_% sdk sdk_trust stage_loop age_vectors frame_sealed classify
VALGRIND_LEAKY := dedupe_index
VALGRIND_QUICK := bech32 buf bus conf err file log tip tip1 tip_id token topics yaml digest keys ledger linker metrics nearest \
	policy reason recipients record_json seal store trust
valgrind_tests = $(filter-out $(patsubst %,$(B)/tests/%_test,$(VALGRIND_NOT) $(VALGRIND_LEAKY)),$(TESTS))

valgrind: $(TESTS) ## unit tests under valgrind's memcheck, leaks too (minutes; the quick ones are part of make test)
	$(Q)UNIT_SECONDS=900 UNDER="$(VALGRIND) --leak-check=full" tests/unit/run $(valgrind_tests)
	$(Q)UNIT_SECONDS=900 UNDER="$(VALGRIND)" tests/unit/run $(patsubst %,$(B)/tests/%_test,$(VALGRIND_LEAKY))

valgrind-quick: $(patsubst %,$(B)/tests/%_test,$(VALGRIND_QUICK))
	$(Q)UNDER="$(VALGRIND) --leak-check=full" tests/unit/run $^

replay: $(BINS) ## each stage over folders of files
	$(Q)python3 tests/replay/run.py --bin $(B)/bin

memory: programs $(B)/memory/shim.so $(B)/tests/memory-steps ## every allocation fails once, somewhere (SECONDS=15: a sample; ONLY=route)
	$(Q)python3 tests/memory/run.py --bin $(B)/bin --steps $(B)/tests/memory-steps --shim $(B)/memory/shim.so \
		$(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

e2e: programs $(E2E_TOOLS) $(B)/chaos/shim.so ## end to end on Apache Kafka, with kills
	$(Q)python3 tests/e2e/run.py --bin $(B)/bin

interop: programs ## age files in pipes, and both ways with other programs' age
	$(Q)python3 tests/interop/run.py --bin $(B)/bin

bench: programs $(B)/tests/bench-primitives ## what a tip costs and how long it takes, on Apache Kafka (figures, no pass or fail)
	$(Q)ops/deploy/local/setup all
	$(Q)python3 tests/bench/run.py --bin $(B)/bin --primitives $(B)/tests/bench-primitives

bench-seal: $(B)/tests/bench-seal ## what sealing and opening a tip costs, beside libsodium alone, Go's age and Rust's (figures)
	$(Q)python3 tests/bench/seal/run.py --program $<

# A number as the seed: the same inputs each time, as in `make test`, whose verdict on a commit must not be luck.
fuzz: ## libFuzzer on every reader of bytes from outside (SECONDS=600 TARGET="frame age"; SEED=1 as in make test)
	$(Q)$(MAKE) --no-print-directory -j$(CORES) CC=clang SAN=$(FUZZ_SAN) fuzz-programs
	$(Q)python3 tests/fuzz/run.py --bin $(FUZZ_B)/fuzz $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(SEED),--seed $(SEED)) $(fuzz_targets)

fuzz-programs: $(foreach t,$(fuzz_targets),$(B)/fuzz/$(firstword $(subst :, ,$(t))))
	@:

fuzz-seeds: $(B)/fuzz-seeds ## make anew the seeds in tests/fuzz/corpus that are bytes
	$(Q)$< tests/fuzz/corpus

TIPS ?= 500000
RECONNECTS ?= 10000
soak: programs ## RSS of each daemon over TIPS=500000 tips and RECONNECTS=10000 reconnects of adapters
	$(Q)ops/deploy/local/setup demo
	$(Q)python3 tests/soak/soak.py --bin $(B)/bin --tips $(TIPS) --reconnects $(RECONNECTS)

# So many SIGKILLs, with all other faults in proportion, drawn from the seed; MINUTES leaves out what there is no time for.
chaos: programs $(B)/chaos/shim.so ## kills, zombies, lost brokers, full disks …, then the count (KILLS=1000 SEED=7)
	$(Q)python3 tests/chaos/run.py --bin $(B)/bin --shim $(B)/chaos/shim.so --kills $(or $(KILLS),100) \
		$(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

# Pages of file formats: page:the file whose head says it. Those that are tables in C come from `tipctl formats`.
FORMATS := bus.5:schema/bus.h frame.5:schema/frame.h keys.5:schema/keys.h lexicon.5:workers/classify/lexicon.yaml \
	policy.5:workers/route/policy.yaml recipients.5:schema/recipients.h register.5:workers/route/conflict.h \
	seal.5:schema/seal.h tip1.7:schema/tip1.h
FORMAT_TABLES := tip.5 keys.7 reasons.7 topics.7

man: all ## manual pages, from the programs' own tables and the heads of formats, in build/man
	$(Q)mkdir -p build/man
	$(Q)for f in $(FORMATS); do ops/deploy/format-page "$${f%%:*}" "$${f#*:}" > "build/man/tipline-$${f%%:*}" || exit 1; done
	$(Q)for f in $(FORMAT_TABLES); do $(B)/bin/tipctl formats "$${f%.*}" > "build/man/tipline-$$f" || exit 1; done
	$(Q)for p in $(program_names); do $(B)/bin/$$p --man > build/man/$$p.$$(case $$p in tip-*|tipctl) echo 1;; *) echo 8;; esac) || exit 1; done

install: man ## programs, library, manual pages, completion, to DESTDIR and PREFIX (/usr/local)
	$(Q)ops/deploy/install "$(B)" "$(DESTDIR)" "$(or $(PREFIX),/usr/local)"

clean: ## remove what was built, not what was set up
	$(Q)rm -rf build/gcc* build/clang* build/man $(PAGE)

.PHONY: help all programs page page-absent fuzz-and-chaos setup setup-quiet demo up down test test-programs lint unit interop replay memory e2e chaos bench bench-seal valgrind valgrind-quick soak fuzz fuzz-programs fuzz-seeds man install clean

# Rules.
$(B)/%.o: %.c | $(B)/gen/store.sql.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(PAGE)/report.html: $(filter-out %.md,$(wildcard producers/webform/page/*.* producers/webform/page/script/*.js)) $(PAGE_NPM)/done
	$(call say,PAGE,$(@D))
	$(Q)node producers/webform/page/build.mjs $(PAGE_NPM) $(@D)

# The DDL as a C string literal.
$(B)/gen/store.sql.h: schema/store/store.sql
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@

define room_rule
$(call lib,$(1)): $(call obj,$(1))
	$$(call say,AR,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS) $(PROGRAM_ROOMS),$(eval $(call room_rule,$(r))))

define program_rule
$(B)/bin/$(1): $(B)/$(2).o $(call lib,$(patsubst %/,%,$(dir $(2)))) $(ROOM_LIBS)
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(firstword $(subst :, ,$(p))),$(lastword $(subst :, ,$(p))))))

$(B)/tests/%: $(B)/tests/unit/%.o $(foreach r,$(PROGRAM_ROOMS),$(call lib,$(r))) $(ROOM_LIBS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(call pkg_libs,cmocka)

$(E2E_TOOLS): $(B)/tests/%: $(B)/tests/e2e/%.o $(ROOM_LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# What tests/bench holds the pipeline against: the libraries' own work on a tip.
BENCH_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/bench/primitives/*.c))
$(B)/tests/bench-primitives: $(BENCH_OBJS) $(call lib,workers/classify) $(ROOM_LIBS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/tests/bench-seal: $(B)/tests/bench/seal/main.o $(ROOM_LIBS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/fuzz-seeds: $(B)/tests/fuzz/seeds.o $(foreach r,$(PROGRAM_ROOMS),$(call lib,$(r))) $(ROOM_LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/fuzz/%: $(B)/tests/fuzz/%_fuzz.o $(B)/tests/fuzz/random.o $(foreach r,$(PROGRAM_ROOMS),$(call lib,$(r))) $(ROOM_LIBS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Preloaded into daemons by chaos, so without sanitizers, whose runtime must come first.
$(B)/chaos/shim.so: $(wildcard tests/chaos/*.c) tests/chaos/shim.h
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -I. $(WARN) $(CFLAGS) -fPIC -fvisibility=hidden -include ops/runtime/banned.h \
		-shared -o $@ $(filter %.c,$^) -ldl

# Also preloaded: fails allocations, of whatever program.
$(B)/memory/shim.so: tests/memory/shim.c
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -I. $(WARN) $(CFLAGS) -fPIC -fvisibility=hidden -include ops/runtime/banned.h \
		-shared -o $@ $<

$(B)/tests/memory-steps: $(B)/tests/memory/steps.o $(call lib,workers/dedupe) $(ROOM_LIBS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# libtipline: one relocatable object in which only tipline_* is visible, so that an adapter's names never clash.
SDK_OBJS := $(call obj,producers/sdk) $(call obj,schema) $(filter-out $(B)/ops/runtime/kafka% $(B)/ops/runtime/http%,$(call obj,ops/runtime))
$(B)/lib/libtipline.a: $(SDK_OBJS)
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)ld -r -o $(@D)/tipline.o $^
	$(Q)objcopy --wildcard --keep-global-symbol='tipline_*' $(@D)/tipline.o
	$(Q)rm -f $@ && ar rcs $@ $(@D)/tipline.o

$(B)/lib/libtipline.so.0: $(SDK_OBJS) producers/sdk/libtipline.map
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,-soname,libtipline.so.0 -Wl,--version-script=producers/sdk/libtipline.map \
		$(if $(SAN),-fsanitize=$(SAN)) -Wl,-z,relro,-z,now -Wl,--as-needed -o $@ $(SDK_OBJS) \
		$(call pkg_libs,libzmq libsodium jansson libfyaml sqlite3 libsystemd libcbor) -lm -lpthread
	$(Q)ln -sf libtipline.so.0 $(@D)/libtipline.so

-include $(shell find $(B) -name '*.d' 2>/dev/null)
