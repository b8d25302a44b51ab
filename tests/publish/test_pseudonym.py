"""Pseudonyms are stable in their domain, unlinkable across domains, and only the key holder turns
them back."""

import polars as pl
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from genlib.errors import UsageError
from genlib.publish.pseudonym import CODES, LETTERS, pseudonyms, reidentify, shuffled
from genlib.register.vault import PseudonymKey

KEY = PseudonymKey(bytes(range(32)))
IDS = st.lists(st.integers(0, 2**63 - 1), max_size=50, unique=True).map(
    lambda ids: pl.Series("id", ids, pl.Int64)
)
PURPOSES = st.sampled_from(sorted(CODES))
KEYS = st.binary(min_size=32, max_size=32).map(PseudonymKey)


def test_known_pseudonym() -> None:
    """HKDF and AES as their standards say, written letter by letter: a change here would cut every
    analyst's trend."""
    derived = HKDF(
        SHA256(), 32, b"genlib pseudonym", b"\x00\x0csatisfaction\x00\x00\x00\x02"
    ).derive(KEY.secret)
    cipher = Cipher(algorithms.AES(derived), modes.ECB())  # noqa: S305
    block = cipher.encryptor().update((7).to_bytes(8, "big") + bytes(8))
    value = int.from_bytes(block, "big")
    expected = "sa2-" + "".join(LETTERS[(value >> shift) & 31] for shift in range(125, -1, -5))
    assert pseudonyms(pl.Series([7]), KEY, purpose="satisfaction", epoch=2).item() == expected


@given(IDS, KEYS, PURPOSES, st.integers(1, 99))
def test_round_trip(ids: pl.Series, key: PseudonymKey, purpose: str, epoch: int) -> None:
    found, refused = reidentify(
        pseudonyms(ids, key, purpose=purpose, epoch=epoch), key, purpose=purpose, epoch=epoch
    )
    assert_series_equal(found, ids, check_names=False)
    assert not refused.any()


@given(IDS, KEYS, PURPOSES)
def test_deterministic_unique_and_of_one_form(
    ids: pl.Series, key: PseudonymKey, purpose: str
) -> None:
    first, again = (pseudonyms(ids, key, purpose=purpose) for _ in range(2))
    assert_series_equal(first, again)
    assert first.n_unique() == len(ids)
    assert first.str.contains(f"^{CODES[purpose]}1-[{LETTERS}]{{26}}$").all()


@given(IDS, KEYS, st.permutations(sorted(CODES)), st.integers(1, 3))
def test_domains_are_disjoint_and_foreign_pseudonyms_refused(
    ids: pl.Series, key: PseudonymKey, order: list[str], epoch: int
) -> None:
    here, there, _ = order
    letters = pseudonyms(ids, key, purpose=here, epoch=epoch).str.slice(-26)
    assert not letters.is_in(
        pseudonyms(ids, key, purpose=there, epoch=epoch).str.slice(-26).implode()
    ).any()
    disguised = f"{CODES[there]}{epoch}-" + letters
    assert reidentify(disguised, key, purpose=there, epoch=epoch)[1].all()
    assert reidentify(
        pseudonyms(ids, key, purpose=here, epoch=epoch), key, purpose=there, epoch=epoch
    )[1].all()


@given(st.integers(0, 2**63 - 1), st.integers(4, 29), st.sampled_from(LETTERS))
def test_forged_is_refused(number: int, place: int, letter: str) -> None:
    true = pseudonyms(pl.Series([number]), KEY, purpose="satisfaction").item()
    forged = true[:place] + letter + true[place + 1 :]
    found, refused = reidentify(pl.Series([forged]), KEY, purpose="satisfaction")
    assert (found.item(), refused.item()) == ((number, False) if forged == true else (None, True))


def test_rubbish_beside_a_true_one_is_refused_alone() -> None:
    true = pseudonyms(pl.Series([5]), KEY, purpose="customer_analysis").item()
    found, refused = reidentify(
        pl.Series([None, "", true, true + "0", true.lower()]), KEY, purpose="customer_analysis"
    )
    assert found.to_list() == [None, None, 5, None, None]
    assert refused.to_list() == [True, True, False, True, True]


def test_no_ids_no_pseudonyms() -> None:
    none = pl.Series([], dtype=pl.Int64)
    assert pseudonyms(none, KEY, purpose="satisfaction").to_list() == []
    assert (
        reidentify(pl.Series([], dtype=pl.String), KEY, purpose="satisfaction")[0].to_list() == []
    )


@pytest.mark.parametrize("ids", [[1, None], [-1]])
def test_an_id_that_is_none_or_negative_is_refused(ids: list[int | None]) -> None:
    with pytest.raises(UsageError, match="neither missing nor negative"):
        pseudonyms(pl.Series(ids, dtype=pl.Int64), KEY, purpose="satisfaction")


def test_an_unknown_purpose_is_refused() -> None:
    with pytest.raises(UsageError, match="pseudonyms are for"):
        pseudonyms(pl.Series([1]), KEY, purpose="marketing")


@given(IDS, KEYS)
def test_shuffled_numbers_are_a_permutation(ids: pl.Series, key: PseudonymKey) -> None:
    numbers = shuffled(ids, key, purpose="satisfaction", what="invitation")
    assert sorted(numbers.to_list()) == list(range(len(ids)))
