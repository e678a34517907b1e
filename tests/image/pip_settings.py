"""Pass this machine's pip settings to the image build: `pip_settings.py FOLDER`.

It reads `pip config list` (files and environment) and, for a certificate authority, the variables
that pip uses. It writes FOLDER/pip.conf and FOLDER/ca.pem, which the Dockerfile takes as secret
mounts. It prints options for `buildah build`, one per line. Without any setting the file is empty
and no option has an effect.
"""

import ast
import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Only settings of package sources, trust and timeouts.
PLACES = ("index-url", "extra-index-url", "find-links")
OTHERS = ("no-index", "trusted-host", "proxy", "timeout", "default-timeout", "retries")
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
CA_IN_BUILDER = "/run/secrets/ca.pem"


def settings_of_pip() -> dict[str, str]:
    """Return each setting once; as in pip, a variable beats `[install]`, which beats `[global]`."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    by_section: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        name, equals, value = line.partition("=")
        section, dot, key = name.rpartition(".")
        if equals and dot and section in by_section:
            by_section[section][key] = ast.literal_eval(value)
    return by_section["global"] | by_section["install"] | by_section[":env:"]


def folders_of(values: list[str]) -> list[Path]:
    """Return the sources that are folders here: the builder must see them at the same path."""
    found: dict[Path, None] = {}
    for value in values:
        for word in value.split():
            path = Path(unquote(urlsplit(word).path) if word.startswith("file:") else word)
            # An index inside a folder refers to files beside it: ../files/…
            if path.name == "simple":
                path = path.parent
            if path.is_absolute() and path.is_dir():
                found[path] = None
    return list(found)


def main(folder: Path) -> None:
    """Write both files and print the options."""
    settings = settings_of_pip()
    conf = configparser.RawConfigParser()
    conf["global"] = {key: settings[key] for key in (*PLACES, *OTHERS) if key in settings}

    ca = settings.get("cert") or next(filter(None, map(os.environ.get, CA_VARIABLES)), None)
    options = [f"--secret=id=pip.conf,src={folder / 'pip.conf'}"]
    if ca and Path(ca).is_file():
        shutil.copyfile(ca, folder / "ca.pem")
        conf["global"]["cert"] = CA_IN_BUILDER
        options.append(f"--secret=id=ca.pem,src={folder / 'ca.pem'}")

    with (folder / "pip.conf").open("w") as file:
        conf.write(file)
    (folder / "pip.conf").chmod(0o600)  # an index URL may contain a password

    options += [
        f"--volume={path}:{path}:ro"
        for path in folders_of([settings[key] for key in PLACES if key in settings])
    ]
    sys.stdout.writelines(f"{option}\n" for option in options)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
