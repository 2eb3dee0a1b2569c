"""Routing: from a role to the person or group that stands for it, with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass

from canonical_model.codes import normalise
from canonical_model.language import Language, Text
from crossdock.home import Person, Settings

APP = "app"
ROBOT = "robot"
NOBODY = "none"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where one alert goes.

    Attributes:
        channel: "app" (a member), "robot" (a group) or "none" (nobody stands for the role).
        address: WeCom userid, or the group's id of crossdock.yaml.
        reason: Why this one.
    """

    channel: str
    address: str
    reason: Text


def find_recipients(settings: Settings, role: str, facts: Mapping[str, object]) -> list[Recipient]:
    """Who is told about `facts` for the sake of `role`; always at least one, be it nobody.

    A role that names a fact (`person_of`) takes the person whom the fact names; where that is nobody we know, the
    role's group; where there is none, the group of the role `owner`.
    """
    spec = settings.roles.get(role)
    if spec is None:
        return _fallback(settings, role, Text(f"没有角色 {role}", f"there is no role {role}"))
    if spec.person:
        person = settings.people.get(spec.person)
        if person:
            return [Recipient(APP, person.wecom, Text(f"{role} 是 {person.name}", f"{role} is {person.name}"))]
    if spec.person_of:
        named = str(facts.get(spec.person_of) or "")
        person = find_person(settings, named)
        if person:
            reason = Text(
                f"{spec.person_of}=“{named}”，是 {person.name}", f"{spec.person_of}=“{named}” is {person.name}"
            )
            return [Recipient(APP, person.wecom, reason)]
        why = Text(f"{spec.person_of}=“{named}” 不认识", f"{spec.person_of}=“{named}” is not known")
    else:
        why = Text(f"{role} 由群接收", f"{role} is a group")
    if spec.group in settings.groups:
        return [Recipient(ROBOT, str(spec.group), why)]
    return _fallback(settings, role, why)


def _fallback(settings: Settings, role: str, why: Text) -> list[Recipient]:
    owner = settings.roles.get("owner")
    if role != "owner" and owner:
        return [Recipient(one.channel, one.address, why) for one in find_recipients(settings, "owner", {})]
    return [Recipient(NOBODY, "", why)]


def find_person(settings: Settings, named: str) -> Person | None:
    """The person whom a source or WeCom calls `named`, by id, name, userid or one of the other ways."""
    wanted = normalise(named)
    for key, person in settings.people.items():
        if wanted and wanted in {normalise(word) for word in (key, person.name, person.wecom, *person.also)}:
            return person
    return None


def language_of(settings: Settings, recipient: str, default: Language) -> Language:
    """The language of a member, the deployment's where they did not choose."""
    person = find_person(settings, recipient)
    return (person.language if person else None) or default
