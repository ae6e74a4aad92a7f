#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Generate every C rendering of the netlink contract from its YNL spec.

  uapi/linux/mtun.h    the kernel/user header, with the spec's documentation
  kmod/genl_gen.[ch]   attribute policies and the operations table
  tools/names.[ch]     names and descriptions for mtctl

Without arguments the files are written; with --check they are compared and
the exit status says whether they are what the spec yields.

The kernel's own ynl-gen-c.py is not used for this: it gives the attributes of
the uapi header no documentation, has no way to hand its multicast groups to a
family that is not generated as well, and wants a kernel tree to run in. That
both agree on every name, value and type is checked by selftests/static/spec.
"""
import pathlib
import sys
import textwrap

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPEC = 'Documentation/netlink/specs/mtun.yaml'
FAMILY = 'mtun'
UAPI_LICENSE = '((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)'

NLA_TYPE = {
    'u8': 'NLA_U8', 'u16': 'NLA_U16', 'u32': 'NLA_U32', 'u64': 'NLA_U64',
    's32': 'NLA_S32', 'string': 'NLA_NUL_STRING', 'binary': 'NLA_BINARY',
    'flag': 'NLA_FLAG', 'nest': 'NLA_NESTED',
    'bitfield32': 'NLA_BITFIELD32',
}


def upper(*words):
    return '_'.join(words).upper().replace('-', '_')


def lower(*words):
    return '_'.join(words).lower().replace('-', '_')


def banner(comment_open, licence):
    return [f'{comment_open} SPDX-License-Identifier: {licence}'
            + (' */' if comment_open == '/*' else ''),
            f'/* Do not edit: tools/gen.py made this from {SPEC} */', '']


def flow(text):
    return ' '.join(text.split())


def comment(lines):
    """A kernel-doc comment of (indent, text) paragraphs, 80 columns wide."""
    out = ['/**']
    for hang, text in lines:
        if not text:
            out.append(' *')
            continue
        out += textwrap.wrap(text, 80, initial_indent=' * ',
                             subsequent_indent=' * ' + ' ' * hang,
                             break_long_words=False, break_on_hyphens=False)
    return out + [' */']


class Spec:
    def __init__(self, path):
        doc = yaml.safe_load(path.read_text())
        self.doc = doc['doc']
        self.consts = [d for d in doc['definitions']
                       if d['type'] == 'const']
        self.enums = {d['name']: d for d in doc['definitions']
                      if d['type'] != 'const'}
        self.sets = {s['name']: s for s in doc['attribute-sets']}
        self.ops = doc['operations']['list']
        groups = doc['mcast-groups']['list']
        self.groups = [g['name'] for g in groups]
        self.admin_groups = [g['name'] for g in groups
                             if 'uns-admin-perm' in g.get('flags', [])]

    def entry_name(self, enum, entry):
        prefix = enum.get('name-prefix', f"{FAMILY}-{enum['name']}-")
        return upper(prefix + entry['name'])

    @staticmethod
    def attr_name(attr_set, attr):
        return upper(FAMILY, 'A', attr_set, attr)

    @staticmethod
    def cmd_name(op):
        return upper(FAMILY, 'CMD', op['name'])

    def policy(self, attr):
        """The initializer of the policy of one attribute."""
        kind, checks = NLA_TYPE[attr['type']], attr.get('checks', {})
        if attr.get('enum-as-flags'):
            mask = (1 << len(self.enums[attr['enum']]['entries'])) - 1
            if attr['type'] == 'bitfield32':
                return f'NLA_POLICY_BITFIELD32({mask:#x})'
            return f'NLA_POLICY_MASK({kind}, {mask:#x})'
        if attr['type'] == 'nest':
            return f"NLA_POLICY_NESTED({nested_policy(attr)})"
        if 'max-len' in checks:
            return f"{{ .type = {kind}, .len = {checks['max-len']} }}"
        if 'min' in checks and 'max' in checks:
            return f"NLA_POLICY_RANGE({kind}, {checks['min']}, {checks['max']})"
        if 'min' in checks:
            return f"NLA_POLICY_MIN({kind}, {checks['min']})"
        if 'max' in checks:
            return f"NLA_POLICY_MAX({kind}, {checks['max']})"
        return f'{{ .type = {kind} }}'


def nested_policy(attr):
    """Name of the policy of what is in a nest"""
    return lower(FAMILY, attr['nested-attributes'], 'nl_policy')


def requests(spec):
    """The operations that are no notifications"""
    return [op for op in spec.ops if 'do' in op or 'dump' in op]


def nested_sets(spec):
    """The attribute sets that are nested in requests"""
    names = []
    for op in requests(spec):
        for a in spec.sets[op['attribute-set']]['attributes']:
            if a['type'] == 'nest' and a['name'] in request_attrs(op) and \
                    a['nested-attributes'] not in names:
                names.append(a['nested-attributes'])
    return [spec.sets[n] for n in names]


def request_attrs(op):
    """The attributes a request may carry: of do and dump alike."""
    lists = [op[m]['request']['attributes'] for m in ('do', 'dump') if m in op]
    if any(attrs != lists[0] for attrs in lists):
        sys.exit(f"{op['name']}: do and dump must take the same attributes")
    return lists[0]


def gen_uapi(spec):
    out = banner('/*', UAPI_LICENSE)
    out += ['#ifndef _UAPI_LINUX_MTUN_H', '#define _UAPI_LINUX_MTUN_H', '']
    paragraphs = [flow(p) for p in spec.doc.split('\n\n')]
    lines = [(0, 'DOC: The generic netlink family "mtun"')]
    for p in paragraphs:
        lines += [(0, ''), (0, p)]
    out += comment(lines)
    out += ['#define MTUN_GENL_NAME\t\t"mtun"', '#define MTUN_GENL_VERSION\t1',
            '']
    for const in spec.consts:
        out += comment([(0, flow(const['doc']))])
        out += [f"#define {upper(FAMILY, const['name'])}\t{const['value']}",
                '']
    for enum in spec.enums.values():
        name = enum.get('enum-name', lower(FAMILY, enum['name']))
        name = lower(name)
        lines = [(0, f"enum {name} - {flow(enum['doc'])}")]
        for e in enum['entries']:
            lines.append((2, f"@{spec.entry_name(enum, e)}: {flow(e['doc'])}"))
        out += comment(lines)
        out.append(f'enum {name} {{')
        for i, e in enumerate(enum['entries']):
            value = ''
            if enum['type'] == 'flags':
                value = f' = {1 << i}'
            elif i == 0 and enum.get('value-start'):
                value = f" = {enum['value-start']}"
            out.append(f'\t{spec.entry_name(enum, e)}{value},')
        if enum['type'] == 'enum':
            stem = upper(FAMILY, enum['name'])
            out += ['', '\t/* private: */', f'\t__{stem}_MAX,',
                    f'\t{stem}_MAX = (__{stem}_MAX - 1)']
        out += ['};', '']
    for aset in spec.sets.values():
        name = lower(FAMILY, aset['name'], 'attr')
        lines = [(0, f"enum {name} - {flow(aset['doc'])}")]
        for a in aset['attributes']:
            kind = a['type']
            if kind == 'nest':
                kind = f"nest of {lower(FAMILY, a['nested-attributes'], 'attr')}"
            text = flow(a.get('doc', 'Aligns a 64-bit attribute.'))
            lines.append((2, f"@{spec.attr_name(aset['name'], a['name'])}: "
                             f"({kind}) {text}"))
        out += comment(lines)
        out.append(f'enum {name} {{')
        for i, a in enumerate(aset['attributes']):
            first = ' = 1' if i == 0 else ''
            out.append(f"\t{spec.attr_name(aset['name'], a['name'])}{first},")
        stem = upper(FAMILY, 'A', aset['name'])
        out += ['', '\t/* private: */', f'\t__{stem}_MAX,',
                f'\t{stem}_MAX = (__{stem}_MAX - 1)', '};', '']
    lines = [(0, 'enum mtun_cmd - Operations and notifications.')]
    for op in spec.ops:
        lines.append((2, f"@{spec.cmd_name(op)}: {flow(op['doc'])}"))
    out += comment(lines)
    out.append('enum mtun_cmd {')
    for i, op in enumerate(spec.ops):
        out.append(f"\t{spec.cmd_name(op)}{' = 1' if i == 0 else ''},")
    out += ['', '\t/* private: */', '\t__MTUN_CMD_MAX,',
            '\tMTUN_CMD_MAX = (__MTUN_CMD_MAX - 1)', '};', '']
    for g in spec.groups:
        out.append(f'#define {upper(FAMILY, "MCGRP", g)}\t"{g}"')
    out += ['', '#endif /* _UAPI_LINUX_MTUN_H */']
    return out


def handlers(spec):
    for op in spec.ops:
        if 'do' in op:
            yield op, lower(FAMILY, 'nl', op['name'], 'doit'), 'doit'
        if 'pre' in op.get('dump', {}):
            yield op, lower(op['dump']['pre']), 'start'
        if 'dump' in op:
            yield op, lower(FAMILY, 'nl', op['name'], 'dumpit'), 'dumpit'


def gen_kernel_header(spec):
    out = banner('/*', UAPI_LICENSE)
    out += ['#ifndef MTUN_GENL_GEN_H', '#define MTUN_GENL_GEN_H', '',
            '#include <net/genetlink.h>', '', '#include <linux/mtun.h>', '']
    for _, name, kind in handlers(spec):
        arg = {'doit': 'struct sk_buff *skb, struct genl_info *info',
               'start': 'struct netlink_callback *cb',
               'dumpit': 'struct sk_buff *skb, struct netlink_callback *cb'}
        line = f'int {name}({arg[kind]});'
        if len(line) > 80:
            hang = len(f'int {name}(')
            line = line.replace(
                ', ', ',\n' + '\t' * (hang // 8) + ' ' * (hang % 8))
        out.append(line)
    out.append('')
    for aset in nested_sets(spec):
        out.append(f"extern const struct nla_policy "
                   f"{lower(FAMILY, aset['name'], 'nl_policy')}"
                   f"[{spec.attr_name(aset['name'], aset['attributes'][-1]['name'])}"
                   " + 1];")
    n_ops = len(requests(spec))
    out += [f'extern const struct genl_ops mtun_nl_ops[{n_ops}];',
            'extern const struct genl_multicast_group '
            f'mtun_nl_groups[{len(spec.groups)}];', '', 'enum {']
    out += [f'\t{upper(FAMILY, "NLGRP", g)},' for g in spec.groups]
    out += ['};', '', '#endif /* MTUN_GENL_GEN_H */']
    return out


def gen_kernel_source(spec):
    out = banner('//', UAPI_LICENSE)
    out += ['#include "genl_gen.h"', '#include "compat.h"', '',
            '#include <net/netlink.h>', '']
    for aset in nested_sets(spec):
        last = aset['attributes'][-1]['name']
        out.append(f"const struct nla_policy "
                   f"{lower(FAMILY, aset['name'], 'nl_policy')}"
                   f"[{spec.attr_name(aset['name'], last)} + 1] = {{")
        for a in aset['attributes']:
            out.append(f"\t[{spec.attr_name(aset['name'], a['name'])}] = "
                       f'{spec.policy(a)},')
        out += ['};', '']
    for op in requests(spec):
        names = request_attrs(op)
        aset = spec.sets[op['attribute-set']]
        last = [a['name'] for a in aset['attributes'] if a['name'] in names][-1]
        stem = lower(FAMILY, op['name'], 'policy')
        out.append(f'static const struct nla_policy {stem}'
                   f"[{spec.attr_name(aset['name'], last)} + 1] = {{")
        for a in aset['attributes']:
            if a['name'] in names:
                out.append(f"\t[{spec.attr_name(aset['name'], a['name'])}] = "
                           f'{spec.policy(a)},')
        out += ['};', '']
    n_ops = len(requests(spec))
    out.append(f'const struct genl_ops mtun_nl_ops[{n_ops}] = {{')
    for op in requests(spec):
        stem = lower(FAMILY, op['name'], 'policy')
        out += ['\t{', f'\t\t.cmd\t\t= {spec.cmd_name(op)},']
        for o, name, kind in handlers(spec):
            if o is op:
                out.append(f'\t\t.{kind}\t\t= {name},')
        out += [f'\t\t.policy\t\t= {stem},',
                f'\t\t.maxattr\t= ARRAY_SIZE({stem}) - 1,']
        flags = [upper('GENL', f) for f in op.get('flags', [])]
        if flags:
            out.append(f"\t\t.flags\t\t= {' | '.join(flags)},")
        out.append('\t},')
    out += ['};', '', 'const struct genl_multicast_group '
            f'mtun_nl_groups[{len(spec.groups)}] = {{']
    for g in spec.groups:
        admin = ', MT_MCGRP_ADMIN' if g in spec.admin_groups else ''
        out.append(f'\t[{upper(FAMILY, "NLGRP", g)}] = '
                   f'{{ .name = {upper(FAMILY, "MCGRP", g)}{admin} }},')
    return out + ['};']


def c_string(text, indent):
    """A C string literal, split over lines of at most 80 columns."""
    pieces = textwrap.wrap(flow(text).replace('"', r'\"'), 62,
                           break_long_words=False, break_on_hyphens=False)
    return ('\n' + '\t' * indent).join(
        f'"{p}{" " if i < len(pieces) - 1 else ""}"'
        for i, p in enumerate(pieces))


def names_size(enum):
    return f"{upper(FAMILY, enum['name'], 'max')} + 1"


def gen_names_header(spec):
    out = banner('/*', 'GPL-2.0')
    out += ['#ifndef MTCTL_NAMES_H', '#define MTCTL_NAMES_H', '',
            '#include <linux/mtun.h>', '',
            '/* An entry of an enum of the netlink spec. */',
            'struct name {', '\tconst char *name;', '\tconst char *doc;', '};',
            '']
    for enum in spec.enums.values():
        if enum['type'] == 'enum':
            stem = lower(enum['name'])
            out.append(f'extern const struct name {stem}_names'
                       f'[{names_size(enum)}];')
    for aset in spec.sets.values():
        out.append(f"extern const char *const {lower(aset['name'])}_attr_names"
                   f"[{spec.attr_name(aset['name'], 'max')} + 1];")
    return out + ['', '#endif /* MTCTL_NAMES_H */']


def gen_names_source(spec):
    out = banner('//', 'GPL-2.0')
    out += ['#include "names.h"', '']
    for enum in spec.enums.values():
        if enum['type'] != 'enum':
            continue
        out.append(f"const struct name {lower(enum['name'])}_names"
                   f'[{names_size(enum)}] = {{')
        for e in enum['entries']:
            out += [f'\t[{spec.entry_name(enum, e)}] = {{',
                    f"\t\t\"{e['name']}\",",
                    f"\t\t{c_string(e['doc'], 2)}", '\t},']
        out += ['};', '']
    for aset in spec.sets.values():
        out.append(f"const char *const {lower(aset['name'])}_attr_names"
                   f"[{spec.attr_name(aset['name'], 'max')} + 1] = {{")
        for a in aset['attributes']:
            if a['type'] != 'pad':
                out.append(f"\t[{spec.attr_name(aset['name'], a['name'])}] = "
                           f"\"{a['name']}\",")
        out += ['};', '']
    return out[:-1]


OUTPUTS = {
    'uapi/linux/mtun.h': gen_uapi,
    'kmod/genl_gen.h': gen_kernel_header,
    'kmod/genl_gen.c': gen_kernel_source,
    'tools/names.h': gen_names_header,
    'tools/names.c': gen_names_source,
}


def main():
    check = sys.argv[1:] == ['--check']
    if sys.argv[1:] and not check:
        sys.exit('usage: gen.py [--check]')
    spec = Spec(ROOT / SPEC)
    stale = []
    for name, generate in OUTPUTS.items():
        text = '\n'.join(generate(spec)) + '\n'
        path = ROOT / name
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
    if stale:
        sys.exit(f"not what {SPEC} yields: {', '.join(stale)}; run make gen")


main()
