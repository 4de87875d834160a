"""A user's own file: read right, or refused with one message that names the line."""

import pandas as pd
import pytest

from backpain_stats import study_accuracy
from backpain_stats.errors import DataError
from backpain_stats.meta.reading import read_studies


def written(tmp_path, text, name="mine.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_reads_counts_and_covariates(tmp_path):
    frame = read_studies(
        written(tmp_path, "study,tp,fp,fn,tn,setting,year\nA,1,2,3,4,clinic,1999\nB,5,6,7,8,,\n")
    )
    assert frame["tp"].tolist() == [1, 5]
    assert frame["year"].tolist()[0] == 1999
    assert pd.api.types.is_numeric_dtype(frame["year"])
    assert frame["setting"].tolist()[0] == "clinic"


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffstudy,tp,fp,fn,tn\nA,1,2,3,4\n",
        "study;tp;fp;fn;tn\r\nA;1;2;3;4\r\n",
        "tn\tfn\tfp\ttp\tstudy\n4\t3\t2\t1\tA\n",
    ],
)
def test_reads_what_has_one_meaning(tmp_path, text):
    frame = read_studies(written(tmp_path, text))
    assert frame[["study", "tp", "fp", "fn", "tn"]].to_numpy().tolist() == [["A", 1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty file"),
        ("study,tp,fp,fn,tn\n", "no rows"),
        ("study,tp,fp,fn,tn\nA,one,2,3,4\n", "line 2.*'one'"),
        ("study,tp,fp,fn,tn\nA,1,2,3,4\nB,1,-2,3,4\n", "line 3.*'-2'"),
        ("study,tp,fp,fn,tn\nA,1,2.5,3,4\n", r"2\.5"),
        ("study,tp,fp,fn,tn\nA,1,,3,4\n", "column fp"),
        ("study,TP,fp,fn,tn\nA,1,2,3,4\n", "rename 'TP'"),
        ("study,tp,fp,tn\nA,1,2,3\n", "lacks the column.*fn"),
        ("A,1,2,3,4\n", "header"),
        ("study,tp,fp,fn,tn\nA,1,2,3,4\nA,1,2,3,4\n", "more than once"),
        ("study,tp,fp,fn,tn\nA,0,0,0,0\n", "four zeros"),
        ("study,tp,fp,fn,tn\nA,1,2,3\n", "4 cells"),
        (b"PK\x03\x04rest", "Excel"),
        ("study,tp,fp,fn,tn\nM\xfcller,1,2,3,4\n".encode("latin-1"), "Latin-1"),
    ],
)
def test_refuses_with_the_place(tmp_path, text, words):
    with pytest.raises(DataError, match=words) as caught:
        read_studies(written(tmp_path, text))
    assert "mine.csv" in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_studies(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="directory"):
        read_studies(tmp_path)


def test_an_arm_left_empty_stays_empty(tmp_path):
    frame = read_studies(written(tmp_path, "study,tp,fp,fn,tn\nA,1,2,3,4\nB,,6,,8\n"))
    assert frame["tp"].isna().tolist() == [False, True]
    assert frame["fp"].tolist() == [2, 6]
    with pytest.raises(DataError, match="row 'line 3', column tp"):
        read_studies(written(tmp_path, "study,tp,fp,fn,tn\nA,1,2,3,4\nB,,6,7,8\n"))


def test_accuracy_carries_the_covariates_along():
    data = pd.DataFrame({"study": ["A", "B"], "tp": [9, 8], "fp": [1, 2], "fn": [3, 4],
                         "tn": [20, 30], "year": [1999, 2005], "n": [0, 0]})  # fmt: skip
    table = study_accuracy(data)
    assert table["year"].tolist() == [1999, 2005]
    # a column of the result keeps its meaning
    assert table["n"].tolist() == [33, 44]
