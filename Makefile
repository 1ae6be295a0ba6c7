# SPDX-License-Identifier: GPL-3.0-or-later
# One file for everything; `make help` lists the targets. VARIANT=debug|release|asan|tsan|fuzz|cov
# builds into build/VARIANT, so switching costs nothing. V=1 shows the commands, WERROR=1 makes
# warnings errors, T=word picks tests by name, CC=clang another compiler.
NAME := quorum
PREFIX ?= /usr/local
ifeq ($(origin CC),default)
CC := gcc
endif
# The suites run under the sanitizers unless another variant was asked for.
TEST_VARIANT := $(if $(filter undefined,$(origin VARIANT)),asan,$(VARIANT))
VARIANT ?= debug
B := build/$(VARIANT)
Q := $(if $(filter 1,$(V)),,@)
SAY = @$(if $(Q),printf '  %-5s %s\n',:)
JOBS ?= $(shell nproc 2>/dev/null || echo 1)
# For targets that start the real work: all cores, unless the caller said -j.
AGAIN = $(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))

PKGS := ncursesw readline libuv libcurl libpq json-c gsl libutf8proc inih expat libpcre2-8
TEST_PKGS := cmocka libmicrohttpd
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm
READY := $(shell command -v $(firstword $(CC)) >/dev/null 2>&1 && \
           pkg-config --exists $(PKGS) >/dev/null 2>&1 && echo yes)

# snprintf cuts by design, and what gcc guesses about it changes with the optimisation.
WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
        -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wundef -Wvla \
        -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion \
        $(if $(findstring clang,$(CC)),,-Wno-format-truncation)
FLAGS_debug := -O0 -g3
FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
FLAGS_asan := -O1 -g3 -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
FLAGS_tsan := -O1 -g3 -fsanitize=thread
FLAGS_fuzz := $(FLAGS_asan) -fsanitize=fuzzer-no-link
FLAGS_cov := -O0 -g --coverage
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
ifeq ($(FLAGS_$(VARIANT)),)
$(error VARIANT=$(VARIANT) is none of debug, release, asan, tsan, fuzz, cov)
endif
# No contraction of a*b+c: the same numbers on every machine.
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -ffp-contract=off $(WARN) $(if $(WERROR),-Werror) \
             -Iinclude -Isrc $(PKG_CFLAGS) $(FLAGS_$(VARIANT)) $(CFLAGS)
ALL_LDFLAGS = $(FLAGS_$(VARIANT)) $(LDFLAGS_$(VARIANT)) -Wl,--as-needed $(LDFLAGS)

SRC := $(sort $(wildcard src/*/*.c src/*/*/*.c))
OBJ := $(SRC:%.c=$B/%.o) $B/gen/migrations.o $B/gen/embedded.o
# Under tests/ a test_*.c is a program of its own; any other file with a main() is a helper
# program; the rest is linked into every test that uses it.
TEST_SRC := $(sort $(wildcard tests/unit/*.c tests/store/*.c tests/console/*.c tests/command/*.c \
                              tests/fake/*.c tests/support/*.c))
TEST_MAIN := $(if $(TEST_SRC),$(shell grep -l '^int main\>' $(TEST_SRC)))
TEST_LIB_OBJ := $(patsubst %.c,$B/%.o,$(filter-out $(TEST_MAIN),$(TEST_SRC)))
TEST_BIN := $(TEST_MAIN:%.c=$B/%)
HELPER_BIN := $(filter-out $(foreach b,$(TEST_BIN),$(if $(findstring /test_,$b),$b)),$(TEST_BIN))
FUZZ_BIN := $(patsubst %.c,$B/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_BIN := $(patsubst %.c,$B/%,$(wildcard bench/bench_*.c))
# A program on a pseudo-terminal, as the tests have it.
BENCH_LIB := $(patsubst %.c,$B/%.o,$(wildcard tests/support/*.c))
LEARNING_BENCH := $B/bench/bench_learning
# $(call suite,NAME): the programs and scripts of tests/NAME, narrowed by T. lib* are sourced.
suite = $(call narrow,$(filter $B/tests/$1/test_%,$(TEST_BIN)) \
        $(filter-out tests/$1/lib%,$(sort $(wildcard tests/$1/*.sh))))
narrow = $(if $(T),$(foreach t,$1,$(if $(findstring $(T),$t),$t)),$1)
SUITES := unit store command console

all: $B/$(NAME)

$B/$(NAME): $B/src/main.o $B/libquorum.a
	$(SAY) LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$B/libquorum.a: $(OBJ) $B/.objects
	$(Q)rm -f $@ && ar rcs $@ $(OBJ)
$B/libtest.a: $(TEST_LIB_OBJ) $B/.objects
	$(Q)rm -f $@ && ar rcs $@ $(TEST_LIB_OBJ)

$B/%.o: %.c $B/.flags
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA) -MMD -MP -c -o $@ $<
$B/gen/%.o: $B/gen/%.c $B/.flags
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$B/tests/%.o: EXTRA = -Itests

# The directory itself is a prerequisite, so that a deleted file counts as a change.
$B/gen/migrations.c: scripts/embed.sh $(wildcard migrations migrations/*.sql)
	@mkdir -p $(@D)
	$(Q)sh scripts/embed.sh migrations migrations >$@.new && mv $@.new $@
$B/gen/embedded.c: scripts/embed.sh $(wildcard data data/* data/*/* themes themes/*)
	@mkdir -p $(@D)
	$(Q)sh scripts/embed.sh files data themes >$@.new && mv $@.new $@

# Stamps: rewritten, and so newer, only when what they hold has changed.
stamp = mkdir -p $(@D); printf '%s\n' '$(strip $1)' | cmp -s - $@ || printf '%s\n' '$(strip $1)' >$@
$B/.flags: FORCE
	$(if $(READY),,$(error $(shell scripts/install-deps.sh --missing)))
	@$(call stamp,$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS))
$B/.objects: FORCE
	@$(call stamp,$(OBJ) $(TEST_LIB_OBJ))

# What only the files that print it need to know; the others are not rebuilt for a new commit.
VERSION = $(or $(if $(wildcard .git),$(shell git -c safe.directory=* describe --tags --always --dirty 2>/dev/null)), \
            $(shell cat VERSION 2>/dev/null),unknown)
$B/.version: FORCE
	@$(call stamp,$(VERSION) $(PREFIX))
TELLING := $(if $(SRC),$(shell grep -lE 'QUORUM_(VERSION|DATADIR)' $(wildcard src/main.c) $(SRC) $(TEST_SRC)))
$(TELLING:%.c=$B/%.o): $B/.version
$(TELLING:%.c=$B/%.o): EXTRA += -DQUORUM_VERSION='"$(strip $(VERSION))"' -DQUORUM_DATADIR='"$(PREFIX)/share/$(NAME)"'

# ---- tests
$(TEST_BIN): %: %.o $B/libtest.a $B/libquorum.a
	$(SAY) LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $B/libtest.a $B/libquorum.a $(PKG_LIBS) \
	    $(shell pkg-config --libs $(TEST_PKGS))
$(TEST_MAIN:%.c=$B/%.o): | $B/.test-packages
$B/.test-packages: FORCE
	$(if $(shell pkg-config --exists $(TEST_PKGS) && echo yes),,$(error $(shell scripts/install-deps.sh --missing)))

RUN_TESTS = QUORUM_BIN=$(abspath $B/$(NAME)) QUORUM_BUILD=$(abspath $B) sh tests/run.sh
$(SUITES):
	+@$(AGAIN) VARIANT=$(TEST_VARIANT) WERROR=1 $@-run
unit-run: $(call suite,unit) $(HELPER_BIN)
	@$(RUN_TESTS) $(call suite,unit)
store-run: $(call suite,store) $(HELPER_BIN)
	@$(RUN_TESTS) $(call suite,store)
command-run: $B/$(NAME) $(call suite,command) $(HELPER_BIN)
	@$(RUN_TESTS) $(call suite,command)
console-run: $B/$(NAME) $(call suite,console) $(HELPER_BIN)
	@$(RUN_TESTS) $(call suite,console)
# The longest first.
ALL_TESTS = $(foreach s,store console command unit,$(call suite,$s))
check-run: $B/$(NAME) $(ALL_TESTS) $(HELPER_BIN)
	@$(RUN_TESTS) $(ALL_TESTS)

test: deps
	+@$(AGAIN) VARIANT=asan WERROR=1 check-run
check:
	+@$(AGAIN) VARIANT=$(TEST_VARIANT) WERROR=1 check-run
check-long:
	+@QUORUM_TEST_LONG=1 QUORUM_TEST_TIMEOUT=$${QUORUM_TEST_TIMEOUT:-3600} \
	    $(AGAIN) VARIANT=$(TEST_VARIANT) WERROR=1 check-run
	+@$(MAKE) --no-print-directory fuzz FUZZ_TIME=$${FUZZ_TIME:-60}

# FUZZ_TIME seconds for each target; what libFuzzer finds new stays in build/fuzz/corpus.
FUZZ_TIME ?= 5
fuzz:
	+@$(AGAIN) VARIANT=fuzz CC=clang fuzz-run
fuzz-run: $(call narrow,$(FUZZ_BIN))
	@set -e; for f in $^; do n=$${f##*/fuzz_}; mkdir -p $B/corpus/$$n; \
	    seeds=; [ ! -d tests/fuzz/corpus/$$n ] || seeds=tests/fuzz/corpus/$$n; \
	    $$f -max_total_time=$(FUZZ_TIME) -max_len=4096 -timeout=10 -print_final_stats=1 \
	        -artifact_prefix=$B/ $B/corpus/$$n $$seeds >$B/$$n.log 2>&1 </dev/null || \
	        { tail -n 60 $B/$$n.log; echo "fuzz $$n: FAILED"; exit 1; }; \
	    sed -n "s/^stat::number_of_executed_units: */fuzz $$n: no finding, runs: /p" $B/$$n.log; done
$(FUZZ_BIN): %: %.o $B/libquorum.a
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

cov:
	+@$(AGAIN) VARIANT=cov check-run
	@find build/cov -name '*.gcda' -path '*/src/*' -exec gcov -n {} + 2>/dev/null | sh scripts/coverage.sh

bench:
	+@$(AGAIN) VARIANT=release WERROR= bench-run
bench-run: $B/$(NAME) $(filter-out $(LEARNING_BENCH),$(BENCH_BIN))
	@T='$(T)' QUORUM_BIN=$(abspath $B/$(NAME)) QUORUM_BUILD=$(abspath $B) sh bench/run.sh
# The dashboard's statements on a million interactions.
bench-big:
	+@$(AGAIN) T=dashboard bench
# Minutes, and of truth instead of speed: on its own.
bench-learning:
	+@$(AGAIN) VARIANT=release WERROR= bench-learning-run
bench-learning-run: $(LEARNING_BENCH)
	@$<
$B/bench/%.o: EXTRA = -Itests
$(BENCH_BIN): %: %.o $(BENCH_LIB) $B/libquorum.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# Pictures of the console for README and docs, of a demo desk that lives for this alone.
screenshots:
	+@$(AGAIN) VARIANT=release all
	@scripts/screenshots.sh build/release/$(NAME)
lint:
	@sh scripts/lint.sh
# The compiler's flags for tools that read C (lint).
print-cflags:
	@echo '$(strip $(ALL_CFLAGS)) -Itests -DQUORUM_VERSION="x" -DQUORUM_DATADIR="x"'
fmt:
	find src include tests bench -name '*.[ch]' -exec clang-format -i {} +

# ---- people
run: all
	$B/$(NAME)
demo: deps
	+@$(AGAIN) VARIANT=release all
	build/release/$(NAME) demo
deps:
	@scripts/install-deps.sh

install:
	+@$(AGAIN) VARIANT=release install-files
install-files: all
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 $B/$(NAME) '$(DESTDIR)$(PREFIX)/bin/$(NAME)'
	@set -e; for d in themes data; do for f in $$(find $$d -type f ! -name '.*' 2>/dev/null); do \
	    echo install $$f; install -D -m 644 $$f '$(DESTDIR)$(PREFIX)/share/$(NAME)/'$$f; done; done
	@[ ! -f docs/$(NAME).1 ] || install -D -m 644 docs/$(NAME).1 '$(DESTDIR)$(PREFIX)/share/man/man1/$(NAME).1'
uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/$(NAME)' '$(DESTDIR)$(PREFIX)/share/man/man1/$(NAME).1'
	rm -rf '$(DESTDIR)$(PREFIX)/share/$(NAME)'

# What is committed, and VERSION for the place where git is not.
dist: RELEASE = $(NAME)-$(patsubst %-dirty,%,$(VERSION))
dist:
	@mkdir -p build
	$(Q)git archive --format=tar.gz --prefix=$(RELEASE)/ -o build/$(RELEASE).tar.gz \
	    --add-virtual-file=$(RELEASE)/VERSION:$(RELEASE:$(NAME)-%=%) HEAD
	@echo build/$(RELEASE).tar.gz

clean:
	rm -rf build

help:
	@echo 'make              build build/debug/$(NAME)      make run     ... and start it'
	@echo 'make demo         install what is missing, build, start the demo desk'
	@echo 'make test         install what is missing, build under sanitizers, run all quick tests'
	@echo 'make check        the same without installing;  make check-long  the whole matrices too'
	@echo 'make unit|store|command|console   one suite; T=word picks tests by name'
	@echo 'make fuzz         each parser for FUZZ_TIME=5 seconds (clang)'
	@echo 'make bench        what docs/performance.md measures'
	@echo 'make bench-big    the dashboard on a million interactions and 100,000 trades'
	@echo 'make bench-learning   simulated desks: the rates that docs/learning.md promises'
	@echo 'make screenshots  docs/images/console*.svg, taken from the real program (tmux)'
	@echo 'make lint         style, include order, banned calls, clang-tidy, cppcheck'
	@echo 'make fmt          clang-format the sources;  make cov   lines covered by the tests'
	@echo 'make install      PREFIX=/usr/local DESTDIR=;  make uninstall'
	@echo 'make dist         a source archive;  make clean;  make deps  install what building needs'
	@echo 'VARIANT=debug|release|asan|tsan|cov  CC=gcc|clang  WERROR=1  V=1'

FORCE:
.PHONY: all run demo test check check-long check-run $(SUITES) $(SUITES:%=%-run) \
        fuzz fuzz-run bench bench-run bench-big bench-learning bench-learning-run screenshots lint \
        print-cflags fmt cov install install-files uninstall dist clean deps help FORCE
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $B -name '*.d' 2>/dev/null)
