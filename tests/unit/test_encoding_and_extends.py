"""Encodings from bytes, and studies that complete another one."""

import gzip

import pytest

from engine.data.encoding import find_encoding, find_file_encoding
from engine.errors import DataError, StudyError
from engine.study import load_study, parse_study

TEXTS = {"utf-8": "受教育程度", "gb18030": "受教育程度 临夏回族自治州", "cp1252": "Santé, Größe, été"}


@pytest.mark.parametrize("name", TEXTS)
def test_texts__are_found_in_their_encoding(name):
    assert find_encoding([b"plain", TEXTS[name].encode(name)]).name == name


@pytest.mark.parametrize("text", ["臺灣 醫療 國家", "李喆", "王镕", "佲"])
def test_rare_and_traditional_characters__are_chinese(text):
    assert find_encoding([text.encode("gbk")]).name == "gb18030"


def test_spreadsheet_text__is_found_by_its_mark(tmp_path):
    (tmp_path / "a.csv").write_bytes("a,b\n1,é\n".encode("utf-16"))
    assert find_file_encoding(tmp_path / "a.csv").name == "utf-16"


def test_gbk__is_read_as_its_superset():
    assert find_encoding(["户口性质".encode("gbk")]).name == "gb18030"


def test_ascii__fits_whatever_a_file_says():
    found = find_encoding([b"abc"], declared="windows-1252")
    assert found.name == "ascii"
    assert not found.is_mislabelled


def test_cut_label__is_no_error_but_a_short_one_is():
    cut = ("健" * 40).encode("gb18030")[:79]
    assert find_encoding([cut]).name == "gb18030"
    assert find_encoding(["Santé".encode("cp1252")]).name == "cp1252"


def test_bytes_of_no_encoding__are_not_guessed():
    assert find_encoding([b"\x81\xff\x9d"]) is None


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_text_files__are_found_across_pieces(tmp_path, name, suffix):
    text = ("a,b\n" + "1,plain text to fill a piece\n" * 60_000 + TEXTS[name] + ",2\n" * 3).encode(name)
    path = tmp_path / f"file{suffix}"
    path.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    assert find_file_encoding(path).name == name


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


BASE = """
[study]
name = "base"
[source]
path = "a.csv"
wave = "year"
[variables.y]
from = "y"
levels = { no = [0], yes = [1] }
event = "yes"
[variables.x]
from = "x"
[[analysis]]
name = "people"
kind = "describe"
"""


def test_extended_study__completes_replaces_and_takes_away(tmp_path):
    write(tmp_path, "base.toml", BASE)
    own = write(
        tmp_path,
        "own.toml",
        'extends = "base.toml"\n[study]\nname = "own"\n[source]\nwave = ""\n'
        '[variables.x]\nfrom = "X2"\nlabel = "L"',
    )
    spec = load_study(own)
    assert (spec.study.name, spec.source.wave, spec.source.path) == ("own", None, "a.csv")
    assert (spec.variables["x"].source, spec.variables["x"].label) == ("X2", "L")
    assert spec.variables["y"].event == ("yes",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('extends = "nowhere.toml"', "expected a shipped study, or a file beside this one"),
        ('extends = "circle.toml"', "a chain that does not end"),
        ("extends = 3", "extends"),
    ],
)
def test_extended_study__that_cannot_be_had_is_a_fault(tmp_path, text, told):
    write(tmp_path, "circle.toml", 'extends = "circle.toml"')
    with pytest.raises(StudyError, match=told):
        load_study(write(tmp_path, "own.toml", text))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('[variables.x]\nsince = { 2014 = "May" }\nfrom = "x"', "expected 'YYYY' or 'YYYY-MM'"),
        ('[variables.x]\nfrom = "x"\nmonth = "m"', "a month without since"),
        ('[variables.x]\nsearch = "("', "a pattern that cannot be read"),
        ("[variables.x]\nlabel = 'x'", "Add 'from'"),
        ("[variables.y]\nlevels_by_wave = { 2011 = { maybe = [1] } }", "the unknown level 'maybe'"),
        ("[variables.y]\nlevels_by_wave = { 2011 = { no = [1], yes = [1] } }", "each code in one level only"),
        ('[variables.x]\nfrom = "x"\nfirst_digits = 0', "expected 1 or more"),
        ('[study]\npublished = "smith1999"', "a shipped publication"),
        ('[[analysis]]\nname="a"\nkind="logit"\noutcome="y"\nterms=["x", ["x", "z"]]', "a product of 'z'"),
        (
            '[[analysis]]\nname="a"\nkind="logit"\noutcome="y"\nterms=["x"]\nscores=[["x", "x"]]',
            "two or more different",
        ),
        ('[[analysis]]\nname="a"\nkind="logit"\noutcome="x"\nterms=["y"]', "'x' without event"),
        ('[[analysis]]\nname="a"\nkind="logit"\noutcome="y"\nterms=["y"]', "the outcome itself"),
        (
            '[[analysis]]\nname="a"\nkind="logit"\noutcome="y"\nterms=["x"]\ncovariance="cluster"',
            "design.cluster",
        ),
        ('[[analysis]]\nname="a"\nkind="logit"\noutcome="y"\nterms=["wave"]', "a study with waves"),
    ],
)
def test_new_keys__have_their_faults(lines, told):
    base = BASE.replace('wave = "year"\n', "")
    name = lines.partition("]")[0].lstrip("[")
    if name.startswith("variables."):
        start = base.index(f"[{name}]")
        base = base[:start] + base[base.index("\n[", start) + 1 :]
        if name == "variables.y":
            lines += '\nfrom = "y"\nlevels = { no = [0], yes = [1] }\nevent = "yes"'
    if name == "study":
        base, lines = base.replace('name = "base"', lines.split("\n")[1] + '\nname = "base"'), ""
    with pytest.raises(StudyError) as caught:
        parse_study(base.replace("[[analysis]]", f"{lines}\n[[analysis]]", 1))
    assert told in str(caught.value)


def test_extended_study__in_another_folder_keeps_its_files(tmp_path):
    (tmp_path / "base").mkdir()
    write(tmp_path / "base", "base.toml", BASE)
    (tmp_path / "own").mkdir()
    spec = load_study(write(tmp_path / "own", "own.toml", 'extends = "../base/base.toml"'))
    assert spec.source.path == "../base/a.csv"


def test_bomb__is_not_unpacked_to_its_end(tmp_path):

    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb", compresslevel=9) as stream:
        for _ in range(260):
            stream.write(b"1,2\n" * (1 << 18))
    with pytest.raises(DataError, match="unpacks to more than 200 times its size"):
        find_file_encoding(path)
