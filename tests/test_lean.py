"""Altair loads without the grammar that nothing asks for, and leaves it to whoever wants it."""

import subprocess
import sys


def run(program):
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_strips_load_without_the_grammar_and_others_still_have_it():
    loaded = run(
        "import sys, genlib.reviewing.strips\n"
        "print('altair' in sys.modules, 'lark' in sys.modules)\n"
        "import rfc3987_syntax\n"
        "print(rfc3987_syntax.is_valid_syntax('iri', 'https://company.example/'))"
    )
    assert loaded == "True False\nTrue\n"


def test_a_report_is_made_without_altair():
    loaded = run(
        "import sys\nfrom genlib.reports.parts import load_for_all\nload_for_all()\n"
        "print('altair' in sys.modules)"
    )
    assert loaded == "False\n"


def test_a_grammar_that_is_there_already_stays():
    there = run(
        "import rfc3987_syntax, sys, genlib.reviewing.strips\n"
        "print(sys.modules['rfc3987_syntax'] is rfc3987_syntax)"
    )
    assert there == "True\n"
