# SPDX-License-Identifier: GPL-2.0
#
# The way into the tree. Kbuild describes the module and tools/Makefile the
# tools; "make help" lists what there is.

ifneq ($(KERNELRELEASE),)
# Kernels before 5.3 or so read this file and not Kbuild when asked for M=.
include $(src)/Kbuild
else

MAKEFLAGS += --no-print-directory

TOP    := $(CURDIR)
PREFIX ?= /usr/local
# Debian's Python has Debian's modules (yaml); one found in PATH may not.
PYTHON ?= /usr/bin/python3
CACHE  := $(or $(MTUN_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mtun)

# The running kernel's headers if there are any, else the newest installed
# ones. Cloud kernels are left out: they lack what the test VM needs.
RUNNING := /lib/modules/$(shell uname -r)/build
NEWEST   = $(shell ls -d /lib/modules/*/build/Makefile 2>/dev/null | \
	     grep -v -e -cloud- | sort -V | tail -n 1 | xargs -r dirname)
KDIR    ?= $(if $(wildcard $(RUNNING)/Makefile),$(RUNNING),$(NEWEST))

.PHONY: all module tools gen check check-debug check-races check-long coverage debug-kernel mutants \
	bench demo install modules_install \
	tools_install deps clean help kdir

all: module tools

kdir:
	@if [ ! -e "$(KDIR)/Makefile" ]; then \
		echo "No kernel headers$(if $(KDIR), in $(KDIR)):" \
		     "the module cannot be built." >&2; \
		echo "Install them with \"apt-get install" \
		     "linux-headers-$$(uname -r)\", or linux-headers-amd64 for" \
		     "Debian's standard kernel," >&2; \
		echo "or name a kernel build tree: make KDIR=/path" >&2; \
		exit 1; \
	fi

module: kdir
	$(MAKE) -C $(KDIR) M=$(TOP) modules

tools:
	$(MAKE) -C tools

gen:
	$(PYTHON) tools/gen.py

# make check [T="gre_basic.sh ..."]: T picks the tests that run in the VM
check:
	@T="$(T)" selftests/check.sh

# The same on a kernel that looks for what goes wrong unseen: takes long
check-debug:
	@T="$(T)" selftests/check.sh debug

# Part of that: data races, on another kernel
check-races:
	@T="$(T)" selftests/check.sh races

# Those tests that find more the longer they run, for hours
check-long:
	@T="$(T)" selftests/check.sh long

# Which lines of kmod/ and tools/ the tests do not run: takes long
coverage:
	@T="$(T)" selftests/check.sh coverage

debug-kernel:
	@selftests/vm/debug-kernel

# make mutants [M="health early:steals"]: break the code on purpose, and see whether
# the tests notice: takes long
mutants:
	@selftests/mutate $(M)

# make bench [P="few scale"]: what packets cost beside the kernel's own driver, all of
# it or these parts (selftests/bench/run lists them): takes long
bench: all
	@selftests/bench/run $(P)

demo:
	@selftests/demo.sh

install: modules_install tools_install

modules_install: kdir
	@# Headers come without the key that the configuration wants to sign with.
	$(MAKE) -C $(KDIR) M=$(TOP) \
		$(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) \
		$(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=) \
		modules_install
	@# A staged tree (DESTDIR) belongs to a packager, who runs depmod later.
	$(if $(DESTDIR),,depmod $$(cat $(KDIR)/include/config/kernel.release))

tools_install:
	$(MAKE) -C tools DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) install

deps:
	@selftests/deps.sh build

clean:
	@# Without headers there is nothing that the kernel's make has built.
	@if [ -e "$(KDIR)/Makefile" ]; then \
		$(MAKE) -C $(KDIR) M=$(TOP) clean; \
	fi
	$(MAKE) -C tools clean

help:
	@echo 'make             build mtun.ko and the tools'
	@echo 'make module      build mtun.ko'
	@echo 'make tools       build mtctl'
	@echo 'make demo        see tunnels at work in a VM (installs what it needs)'
	@echo 'make check       run every check and test (installs what it needs)'
	@echo 'make check T="a.sh b.sh"   run only these tests in the VM'
	@echo 'make debug-kernel   build a kernel with KASAN, lockdep and others: takes long'
	@echo 'make check-debug [T=...]   run the tests in the VM on that kernel'
	@echo 'make check-races [T=...]   the part of it that is about data races'
	@echo 'make check-long  fuzzers, torture and soak there, for hours'
	@echo 'make coverage [T=...]   which lines the tests in the VM do not run: takes long'
	@echo 'make mutants [M=...]   break the code on purpose, see the tests notice: takes long'
	@echo 'make bench [P=...]   what packets and tunnels cost, beside ip_gre, into'
	@echo '                 Documentation/bench: all, or parts (few options most-4 most-6'
	@echo '                 ipsec throughput config scale): takes long'
	@echo 'make gen         render the netlink spec into headers and tables'
	@echo 'make deps        install the packages that building needs'
	@echo 'make install     install module and tools (DESTDIR=, PREFIX=)'
	@echo 'make clean       remove what was built'
	@echo
	@echo 'KDIR    kernel headers to build against: $(or $(KDIR),none found)'
	@echo 'Tests keep downloads in $(CACHE) (MTUN_CACHE).'

endif
