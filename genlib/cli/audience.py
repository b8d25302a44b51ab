"""`genlib audience`: the contact list of a campaign, and its contacts that were not allowed."""

from __future__ import annotations

import datetime as dt
import secrets
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from genlib import notice, permission, settings
from genlib.cli._telling import PasswordFile, open_identity
from genlib.clock import read_clock
from genlib.private import check_no_link
from genlib.publish.pseudonym import reidentify
from genlib.register import (
    audience,
    audit,
    eligible,
    fingerprints,
    follow_ups,
    journal,
    key_use,
    mailing,
    recipients,
)
from genlib.register.database import Register, open_register
from genlib.register.vault import IdentityKey

app = typer.Typer(no_args_is_help=True)

Campaign = Annotated[str, typer.Option(help="Code of the campaign.")]
Pseudonyms = Annotated[Path, typer.Argument(help="CSV with a column `pseudonym`, from a release.")]
NewCampaign = Annotated[
    str, typer.Option(help="Code of the campaign; a new code makes a new campaign.")
]
Channel = Annotated[str, typer.Option(help="call, auto, sms, email or post.")]
Kind = Annotated[str, typer.Option(help="DM, MR, SAT, CC, SCA, BEN or SVC.")]
Recipient = Annotated[
    str, typer.Option(help="Name of a registered processor, or of another recipient with a basis.")
]
Purpose = Annotated[str, typer.Option(help="Release purpose that the pseudonyms come from.")]
Basis = Annotated[
    str, typer.Option(help="contract, consent or statute, for a recipient that is no processor.")
]
Evidence = Annotated[str, typer.Option(help="The contract, consent or section of law.")]
Country = Annotated[
    str, typer.Option(help="Where the data goes, FI for Finland; inside the EU and EEA only.")
]
Holdout = Annotated[
    float,
    typer.Option(help="Share of the people who are drawn not to be contacted.", min=0, max=0.9),
]
Seed = Annotated[
    int | None, typer.Option(help="Draws the holdout; recorded. By default a fresh one.")
]
Starts = Annotated[
    dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; today by default.")
]
Days = Annotated[int, typer.Option(help="How many days the campaign lasts.", min=1)]
To = Annotated[
    Path | None,
    typer.Option(help="The list; by default audiences/CAMPAIGN-CHANNEL.csv in the workbench."),
]
BothPasswords = Annotated[
    Path | None, typer.Option(help="File with the password of your slots of both keys.")
]


@app.command()
def export(  # noqa: PLR0913, PLR0917 - one option for each thing that only a person can know
    pseudonyms: Pseudonyms,
    campaign: NewCampaign,
    channel: Channel,
    kind: Kind,
    recipient: Recipient,
    release: Purpose = "customer_analysis",
    basis: Basis = "",
    evidence: Evidence = "",
    country: Country = "",
    holdout: Holdout = 0.1,
    seed: Seed = None,
    starts: Starts = None,
    days: Days = 30,
    to: To = None,
    password_file: BothPasswords = None,
) -> None:
    """Write the contact list of a campaign: only people whom it may contact now, without a holdout;
    the rest is counted by reason.

    Level: steward, and publisher for the pseudonyms.

    Example: genlib audience export --campaign SYKSY26 --channel email --kind DM --recipient
    "Esimerkki Viestit Oy" pseudonyms.csv
    """
    places = settings.load(password_file=password_file)
    terms, register = _open_register(places)
    now = read_clock()
    first = starts.date() if starts else places.day_of(now)
    whom = recipients.Recipient(recipient, country, basis, evidence)
    order = eligible.Order(
        code=campaign,
        channel=channel,
        kind=kind,
        recipient=recipients.checked(register, whom, data=places.data),
        purpose=audience.purpose(kind),
        user=places.user,
        at=now,
        time_zone=places.time_zone,
        seed=secrets.randbits(32) if seed is None else seed,
        dates=(first, first + dt.timedelta(days=days - 1)),
        holdout_share=holdout,
        switches=permission.Switches.of(terms.permission),
        post_offices=mailing.read_post_offices(places.data),
    )
    asked = audience.read(pseudonyms)
    key, ids = _reidentify(places, terms, register, asked, order, release)
    path = to or _find_folder(places) / f"{campaign}-{channel}.csv"
    result = audience.export(register, key, ids, order, path=path)
    typer.echo(
        f"{result.path}: {result.contacted} to contact, {result.holdout} held out; left out: "
        f"{audience.list_left_out(result.left_out)}"
    )


@app.command()
def exceptions(
    campaign: Campaign,
    to: Annotated[
        Path | None,
        typer.Option(help="The list; by default audiences/CAMPAIGN-exceptions-DAY.csv."),
    ] = None,
    password_file: PasswordFile = None,
) -> None:
    """List the contacts of a campaign that were not allowed when they were made, with names and
    why, for the steward to handle; recorded.

    Level: steward.

    Example: genlib audience exceptions --campaign SYKSY26
    """
    places = settings.load(password_file=password_file)
    terms, register = _open_register(places)
    now = read_clock()
    key = open_identity(places, "audience exceptions")
    name = f"{campaign}-exceptions-{places.day_of(now)}.csv"
    steward = follow_ups.Steward(
        places.user, now, permission.Switches.of(terms.permission), places.time_zone
    )
    path = to or _find_folder(places) / name
    result = follow_ups.export_exceptions(register, key, campaign, path=path, steward=steward)
    typer.echo(
        f"{result.path}: {result.contacts} were not allowed, {result.handled} of them handled"
    )


@app.command()
def handle(
    campaign: Campaign,
    contacts: Annotated[
        list[int] | None, typer.Argument(help="Numbers of contacts; all that are listed if none.")
    ] = None,
    password_file: PasswordFile = None,
) -> None:
    """Keep that listed contacts of a campaign are handled; the next report counts them so.

    Level: steward.

    Example: genlib audience handle --campaign SYKSY26 17 21
    """
    places = settings.load(password_file=password_file)
    _, register = _open_register(places)
    key = open_identity(places, "audience handle")
    fingerprints.check_key(register, key)
    steward = follow_ups.Steward(places.user, read_clock())
    count = follow_ups.handle_exceptions(register, key, campaign, contacts or [], steward=steward)
    typer.echo(f"{count} contacts of campaign {campaign} are handled now")


def _open_register(places: settings.Settings) -> tuple[notice.Notice, Register]:
    """The notice in force and the register, in which no erasure is left to do."""
    terms = notice.load(places.notice)
    register = open_register(places.register)
    journal.check_finished(register, places.common)
    terms.check_in_force(places.day_of(read_clock()))
    return terms, register


def _find_folder(places: settings.Settings) -> Path:
    folder = places.common / "audiences"
    check_no_link(folder)
    return folder


def _reidentify(  # noqa: PLR0913, PLR0917 - what a list is made of
    places: settings.Settings,
    terms: notice.Notice,
    register: Register,
    asked: pl.Series,
    order: eligible.Order,
    release: str,
) -> tuple[IdentityKey, pl.Series]:
    """The identity key, and the customers whose pseudonyms these are; told in the audit trail."""
    word = settings.password(places, "password of both keys")
    key = key_use.open_identity(places, word, "audience export")
    names = key_use.open_pseudonym(places, word, "audience export")
    fingerprints.check_key(register, names)
    fingerprints.check_notice(register, terms)
    epoch = names.find_epoch(terms.anonymity.epoch)
    ids, _ = reidentify(asked, names, purpose=release, epoch=epoch)
    _tell_reidentified(register, key, ids, order, release)
    return key, ids


def _tell_reidentified(
    register: Register, key: IdentityKey, ids: pl.Series, order: eligible.Order, release: str
) -> None:
    """Whose pseudonyms were turned back, in the audit trail, before anything is done with them."""
    customers = ids.drop_nulls().unique().to_list()
    detail = {"release": release, "refused": ids.null_count(), "campaign": order.code}
    audit.record(
        register,
        key,
        purpose=order.purpose,
        action="re-identify",
        people=len(customers),
        subjects=customers,
        detail=detail,
        user=order.user,
    )
