#!/usr/bin/env python3
"""Do README's promises have their tests? promises.py SOURCE-DIRECTORY BUILD-DIRECTORY.

In the section "Who may do what" each item of a list is one sentence, and behind it, in parentheses,
what backs it: links whose text is a test function and whose target its file, or a litmus file; or
`meson test NAME`. Each must be there, and a function must be in its file's list of tests.
"""
import functools
import json
import os
import re
import sys

SECTION = '## Who may do what'
ITEM = re.compile(r'(?P<sentence>.+\.) \((?P<tests>.+)\)')
LINK = re.compile(r'\[(?P<name>[\w.-]+)\]\((?P<path>[\w./-]+)\)')
SUITE = re.compile(r'`meson test (?P<name>[\w-]+)`')


def section_of(text):
    """The section's lines."""
    begin = text.find(SECTION + '\n')
    if begin < 0:
        return ''
    end = text.find('\n## ', begin + 1)
    return text[begin:end if end >= 0 else len(text)]


def items_of(section):
    """Its lists' items, each as one line."""
    found = re.findall(r'^- (.*(?:\n  .*)*)', section, re.M)
    return [' '.join(item.split()) for item in found]


@functools.lru_cache(maxsize=None)
def complaint_about_link(name, path, source):
    """Why this link backs nothing, or None."""
    try:
        with open(os.path.join(source, path), encoding='utf-8') as file:
            text = file.read()
    except OSError:
        return f'there is no {path}'
    if path.endswith('.litmus'):
        return None if name == os.path.basename(path) else f'{path} is not called {name}'
    if not re.search(rf'^static void {name}\(void \*\*state\)', text, re.M):
        return f'{path} has no test {name}'
    if not re.search(rf'\bcmocka_unit_test\w*\({name}\b', text):
        return f'{path} does not run {name}'
    return None


def complaints(text, source, suites):
    """What is wrong with the section, a line each."""
    items = items_of(section_of(text))
    wrong = [] if items else [f'README has no list in "{SECTION}"']
    for item in items:
        parts = ITEM.fullmatch(item)
        if parts is None:
            wrong.append(f'no test is named in "{item}"')
            continue
        if re.search(r'[.!?] ', parts['sentence']):
            wrong.append(f'more than one sentence in "{item}"')
        links, names = LINK.findall(parts['tests']), SUITE.findall(parts['tests'])
        rest = SUITE.sub('', LINK.sub('', parts['tests']))
        if not links and not names or rest.strip(' ,;'):
            wrong.append(f'what backs "{parts["sentence"]}" is not understood: {parts["tests"]}')
        wrong += [found for link in links
                  if (found := complaint_about_link(*link, source)) is not None]
        wrong += [f'there is no test {name}' for name in names if name not in suites]
    return wrong


def has_teeth(text, source, suites):
    """Each thing that can be wrong is found."""
    section = section_of(text)
    first = LINK.search(section)
    name, path = first['name'], first['path']
    broken = [
        section.replace(first[0], f'[{name}_not]({path})', 1),
        section.replace(first[0], f'[{name}]({path}.c)', 1),
        section.replace(SUITE.search(section)[0], '`meson test no-such-test`', 1),
        section + '\n- A promise without a test.\n',
        section + f'\n- One. And another. ([{name}]({path}))\n',
        section.replace('\n- ', '\n* '),
    ]
    return all(complaints(one, source, suites) for one in broken)


def main():
    source, build = sys.argv[1:]
    with open(os.path.join(source, 'README.md'), encoding='utf-8') as file:
        text = file.read()
    with open(os.path.join(build, 'meson-info', 'intro-tests.json'), encoding='utf-8') as file:
        suites = {test['name'] for test in json.load(file)}
    wrong = complaints(text, source, suites)
    for line in wrong:
        print(line)
    if not wrong and not has_teeth(text, source, suites):
        print('a promise without a test would not be noticed')
        wrong = ['']
    print(f'{len(items_of(section_of(text)))} sentences')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
