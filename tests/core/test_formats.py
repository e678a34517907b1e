"""Formats on the wire: ids, references, keys, card numbers, masks."""

import base64
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_clover.core.masking import passes_luhn, redact
from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.sandbox.ids import Ids
from mock_clover.sandbox.keys import KeyFileError, KeyRing, encrypt_pan

OBJECT_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{13}")
TOKEN_ID = re.compile(r"clv_1TSTS[1-9A-HJ-NP-Za-km-z]{19}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}")

fast = settings(max_examples=30, derandomize=True, deadline=None)


@fast
@given(st.text(max_size=20))
def test_ids_have_clovers_formats_under_any_seed(seed: str) -> None:
    ids = Ids(seed)
    assert OBJECT_ID.fullmatch(ids.object_id())
    assert TOKEN_ID.fullmatch(ids.token_id())
    assert UUID.fullmatch(ids.uuid())
    assert re.fullmatch(r"OK\d{4}", ids.auth_code())


def test_ids_of_a_seed_repeat_and_never_collide() -> None:
    one, two = Ids("seed"), Ids("seed")
    drawn = [one.object_id() for _ in range(20_000)]
    assert drawn == [two.object_id() for _ in range(20_000)]
    assert len(set(drawn)) == 20_000


@pytest.mark.parametrize(
    ("now_ms", "expected"),
    [
        (1_748_341_370_775, "514700500005"),  # 2025-05-27 is day 147, as the recorded 514700500080
        (1_704_067_200_000, "400100500005"),  # the first day of 2024
        (1_735_603_200_000, "436600500005"),  # the last of a leap year
    ],
)
def test_a_reference_tells_its_day(now_ms: int, expected: str) -> None:
    assert Ids("seed").ref_num(now_ms) == expected


@fast
@given(st.text(max_size=20), st.text(max_size=20))
def test_credentials_are_derived_from_seed_and_name(seed: str, name: str) -> None:
    credentials = derive_credentials(seed, name)
    assert credentials == derive_credentials(seed, name)
    assert OBJECT_ID.fullmatch(credentials.merchant_id)
    assert UUID.fullmatch(credentials.access_token)
    assert re.fullmatch(r"[0-9a-f]{32}", credentials.api_key)
    assert credentials != derive_credentials(seed, name + "x")
    assert credentials != derive_credentials(seed + "x", name)


def test_the_published_key_is_modulus_and_padded_exponent(keys: KeyRing) -> None:
    blob = base64.b64decode(keys.public_blob())
    assert len(blob) == 512
    assert blob[0] >= 0x80, "a modulus of 2048 bits"
    assert blob[256:] == (65537).to_bytes(256)


@fast
@given(st.from_regex(r"[2-9][0-9]{12,18}", fullmatch=True))
def test_card_number_encryption_round_trip(pan: str) -> None:
    assert _KEYS.decrypt_pan(encrypt_pan(_KEYS.public_blob(), pan)) == pan


@fast
@given(st.text(max_size=400) | st.binary(max_size=400).map(lambda b: base64.b64encode(b).decode()))
def test_invalid_ciphertext_cannot_be_decrypted(sealed: str) -> None:
    assert _KEYS.decrypt_pan(sealed) is None


def test_a_key_file_is_made_once_and_kept(tmp_path) -> None:
    path = tmp_path / "key.pem"
    first, second = KeyRing(path), KeyRing(path)
    assert first.public_blob() == second.public_blob()
    assert path.stat().st_mode & 0o777 == 0o600
    assert not first.production.exists()
    assert [each.name for each in tmp_path.iterdir()] == ["key.pem"]


@pytest.mark.system
def test_the_production_pair_has_its_own_file(tmp_path) -> None:
    path = tmp_path / "key.pem"
    first, second = KeyRing(path), KeyRing(path)
    blob = first.production.public_blob()
    assert blob != first.public_blob()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["key.pem", "key.pem.prod"]
    assert second.production.exists()
    sealed = encrypt_pan(blob, "4242424242424242")
    assert second.decrypt_pan(sealed) is None
    assert second.production.decrypt_pan(sealed) == "4242424242424242"


@pytest.mark.system
def test_servers_that_start_at_once_share_one_new_key_file(tmp_path) -> None:
    rings = [KeyRing(tmp_path / "key.pem") for _ in range(4)]
    with ThreadPoolExecutor(len(rings)) as pool:
        blobs = list(pool.map(lambda ring: ring.public_blob(), rings))
    assert set(blobs) == {KeyRing(tmp_path / "key.pem").public_blob()}
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


@pytest.mark.system
def test_a_full_disk_leaves_no_key_file(tmp_path) -> None:
    """A limit on the size of files stands for the full disk."""
    script = (
        "import pathlib, resource, sys\n"
        "from mock_clover.sandbox.keys import KeyFileError, KeyRing\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: KeyRing(pathlib.Path(sys.argv[1])).export()\n"
        "except KeyFileError as error: print(error)\n"
    )
    path = tmp_path / "key.pem"
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, path], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{path}: cannot be written: File too large\n"
    assert list(tmp_path.iterdir()) == []


def test_key_file_must_be_a_regular_file(tmp_path) -> None:
    """A read of a named pipe would never end."""
    path = tmp_path / "key.pem"
    os.mkfifo(path)
    with pytest.raises(KeyFileError) as raised:
        KeyRing(path).export()
    assert str(raised.value) == (
        f"{path}: cannot be used as the key file: key.pem is a named pipe, not a regular file"
    )


def test_key_file_follows_symbolic_link(tmp_path) -> None:
    link, target = tmp_path / "link.pem", tmp_path / "key.pem"
    link.symlink_to(target)
    assert KeyRing(link).public_blob() == KeyRing(target).public_blob()
    assert link.is_symlink()


def test_invalid_key_file_is_reported(tmp_path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("not a key")
    with pytest.raises(KeyFileError, match=r"not an unencrypted PEM private key; delete the file"):
        KeyRing(path).export()


@fast
@given(st.from_regex(r"[2-9][0-9]{11,17}", fullmatch=True))
def test_exactly_one_check_digit_is_right(stem: str) -> None:
    assert sum(passes_luhn(f"{stem}{digit}") for digit in range(10)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("card 4242424242424242.", "card [card ...4242]."),
        ("4242 4242 4242 4242", "[card ...4242]"),
        ("4242-4242-4242-4242 and 378282246310005", "[card ...4242] and [card ...0005]"),
        ('{"n":"6011361000006668"}', '{"n":"[card ...6668]"}'),
        ("1748341370775", "1748341370775"),
        ("514700500080", "514700500080"),
        ("4242424242424241", "[card ...2424]1"),  # too much rather than too little
        ("4242424242424242 12/30", "[card ...4242] 12/30"),
        ("000000004242424242424242", "00000000[card ...4242]"),
        ("9" * 65, "[65 digits]"),
        ("0000000000000", "0000000000000"),
        ("4242.4242.4242.4242", "[card ...4242]"),
        ("4242  4242  4242  4242", "[card ...4242]"),
        ("4242 - 4242", "4242 - 4242"),
        ("4242\u00a04242\u00a04242\u00a04242", "[card ...4242]"),
        ("\uff14\uff12" * 8, "[card ...4242]"),
        ("from 127.0.0.1 at 1.0.2", "from 127.0.0.1 at 1.0.2"),
        ("x" * 100_000, "x" * 100_000),
    ],
)
def test_numbers_of_cards_are_masked_and_others_are_not(text: str, expected: str) -> None:
    assert redact(text) == expected


_KEYS = KeyRing()
