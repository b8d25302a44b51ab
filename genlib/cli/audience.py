"""`genlib audience`: the contact list of a campaign."""

from __future__ import annotations

import datetime as dt
import secrets
from pathlib import Path
from typing import Annotated

import typer

from genlib import notice, permission, settings
from genlib.clock import read_clock
from genlib.private import check_no_link
from genlib.publish.pseudonym import reidentify
from genlib.register import audience, fingerprints, mailing, recipients, vault
from genlib.register.database import open_register

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None: ...


@app.command()
def export(  # noqa: PLR0913, PLR0917 - one option for each thing that only a person can know
    pseudonyms: Annotated[
        Path, typer.Argument(help="CSV with a column `pseudonym`, from a release.")
    ],
    campaign: Annotated[
        str, typer.Option(help="Code of the campaign; a new code makes a new campaign.")
    ],
    channel: Annotated[str, typer.Option(help="call, auto, sms, email or post.")],
    kind: Annotated[str, typer.Option(help="DM, MR, SAT, CC, SCA, BEN or SVC.")],
    recipient: Annotated[
        str,
        typer.Option(help="Name of a registered processor, or of another recipient with a basis."),
    ],
    release: Annotated[
        str, typer.Option(help="Release purpose that the pseudonyms come from.")
    ] = "customer_analysis",
    basis: Annotated[
        str,
        typer.Option(help="contract, consent or statute, for a recipient that is no processor."),
    ] = "",
    evidence: Annotated[str, typer.Option(help="The contract, consent or section of law.")] = "",
    country: Annotated[
        str, typer.Option(help="Where the data goes, FI for Finland; inside the EU and EEA only.")
    ] = "",
    holdout: Annotated[
        float,
        typer.Option(help="Share of the people who are drawn not to be contacted.", min=0, max=0.9),
    ] = 0.1,
    seed: Annotated[
        int | None, typer.Option(help="Draws the holdout; recorded. By default a fresh one.")
    ] = None,
    starts: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; today by default.")
    ] = None,
    days: Annotated[int, typer.Option(help="How many days the campaign lasts.", min=1)] = 30,
    to: Annotated[
        Path | None,
        typer.Option(help="The list; by default audiences/CAMPAIGN-CHANNEL.csv in the workbench."),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password of your slots of both keys.")
    ] = None,
) -> None:
    """Write the contact list of a campaign: only people whom it may contact now, without a holdout;
    the rest is counted by reason.

    Level: steward, and publisher for the pseudonyms.

    Example: genlib audience export --campaign SYKSY26 --channel email --kind DM --recipient
    "Esimerkki Viestit Oy" pseudonyms.csv
    """
    places = settings.load(password_file=password_file)
    terms = notice.load(places.notice)
    register = open_register(places.register)
    now = read_clock()
    terms.check_in_force(places.day_of(now))
    first = starts.date() if starts else places.day_of(now)
    order = audience.Order(
        code=campaign,
        channel=channel,
        kind=kind,
        recipient=recipients.checked(
            register, recipients.Recipient(recipient, country, basis, evidence), data=places.data
        ),
        purpose=audience.purpose(kind),
        user=places.user,
        at=now,
        time_zone=places.time_zone,
        seed=secrets.randbits(32) if seed is None else seed,
        dates=(first, first + dt.timedelta(days=days - 1)),
        holdout_share=holdout,
        switches=permission.Switches(**terms.permission),  # type: ignore[arg-type]  # Switches checks its values itself
        post_offices=mailing.read_post_offices(places.data),
    )
    asked = audience.read(pseudonyms)
    word = settings.password(places, "password of both keys")
    key = vault.open_identity(places.keys, user=places.user, password=word)
    names = vault.open_pseudonym(places.keys, user=places.user, password=word)
    fingerprints.check_key(register, names)
    fingerprints.check_notice(register, terms)
    ids, _ = reidentify(
        asked, names, purpose=release, epoch=names.find_epoch(terms.anonymity.epoch)
    )
    folder = places.home / "audiences"
    check_no_link(folder)
    path = to or folder / f"{campaign}-{channel}.csv"
    made = audience.export(register, key, ids, order, path=path)
    typer.echo(
        f"{made.path}: {made.contacted} to contact, {made.holdout} held out; left out: "
        f"{audience.told(made.left_out)}"
    )
