# SPDX-License-Identifier: MIT
"""Moderation of a channel from its hosted room: kicks, bans, ranks, modes and
invitations, through real servers."""

import pytest

from tests.support.process import wait_for
from tests.support.xmpp_peer import MUC, Refused

from .poison import POISONS, fits_xml, xml_text
from .test_gateway import GATEWAY, make_gate

ADMIN = f"{MUC}#admin"
OWNER = f"{MUC}#owner"


@pytest.fixture
def gate(servers_pair, closing):
    return make_gate(closing, *servers_pair)


@pytest.fixture
def one_gate(farm, closing):
    return make_gate(closing, farm.get("prosody"), farm.get("inspircd"))


def admin(peer, room, items, kind="set"):
    return peer.iq(room, f"<query xmlns='{ADMIN}'>{items}</query>", kind)


def listed(peer, room, item):
    answer = admin(peer, room, item, "get")
    return [e.attrib for e in answer.element.iter(f"{{{ADMIN}}}item")]


def make_op(gate, user):
    gate.bob.send(f"MODE {gate.channel} +o {gate.nick(user)}")


def own_role(peer, room):
    item = peer.occupants(room)[peer.nicks[room]].item
    return item["affiliation"], item["role"]


def op_enters(gate, user="ann"):
    peer = gate.enter(user)
    assert own_role(peer, gate.room) == ("none", "participant")
    make_op(gate, user)
    wait_for("the own role", lambda: own_role(peer, gate.room) ==
             ("admin", "moderator"), 20)
    return peer


def test_who_may_not_moderate_is_told(gate):
    ann = gate.enter("ann")
    for item in (f"<item nick='{gate.bob.nick}' role='none'/>",
                 f"<item nick='{gate.bob.nick}' affiliation='outcast'/>",
                 f"<item nick='{gate.bob.nick}' affiliation='none'/>"):
        with pytest.raises(Refused, match="forbidden"):
            admin(ann, gate.room, item)
    with pytest.raises(Refused, match="item-not-found"):
        admin(ann, gate.room, "<item nick='nobody' role='none'/>")
    with pytest.raises(Refused, match="bad-request"):
        admin(ann, gate.room,
              f"<item nick='{gate.bob.nick}' role='none' "
              "affiliation='none'/>")
    assert gate.bob.nick in ann.occupants(gate.room)


def test_an_operator_kicks_and_all_see_by_whom(gate):
    ann, carol = op_enters(gate), gate.enter("carol")
    dave = gate.things.irc(gate.irc, gate.nick("dave"))
    dave.join(gate.channel)
    for client in (ann, carol):
        client.wait_occupant(gate.room, dave.nick)
    ann.kick(gate.room, dave.nick, "too loud")
    dave.wait_for(lambda m: m.command == "KICK" and
                  m.nick == gate.nick("ann") and "too loud" in m.params[-1])
    for client in (ann, carol):
        gone = client.wait_gone(gate.room, dave.nick)
        assert 307 in gone.codes and "too loud" in gone.reason
    ann.kick(gate.room, gate.nick("carol"), "you, too")
    gone = carol.wait_gone(gate.room, gate.nick("carol"))
    assert {110, 307} <= gone.codes and "you, too" in gone.reason


def test_ranks_are_given_and_taken(gate):
    ann = op_enters(gate)
    dave = gate.things.irc(gate.irc, gate.nick("dave"))
    dave.join(gate.channel)
    ann.wait_occupant(gate.room, dave.nick)
    role = lambda: (ann.occupants(gate.room)[dave.nick].item["affiliation"],
                    ann.occupants(gate.room)[dave.nick].item["role"])
    for item, want in (("affiliation='member'", ("member", "participant")),
                       ("affiliation='admin'", ("admin", "moderator")),
                       ("affiliation='none'", ("none", "participant")),
                       ("role='participant'", ("member", "participant")),
                       ("role='visitor'", ("none", "participant"))):
        admin(ann, gate.room, f"<item nick='{dave.nick}' {item}/>")
        wait_for(f"{item} to be shown", lambda: role() == want, 20)
    address = f"{dave.nick}%irc@{GATEWAY}".lower()
    assert ann.occupants(gate.room)[dave.nick].item["jid"] == address


def test_a_ban_is_set_listed_and_taken_back(gate):
    ann = op_enters(gate)
    dave = gate.things.irc(gate.irc, gate.nick("dave"))
    dave.join(gate.channel)
    ann.wait_occupant(gate.room, dave.nick)
    ann.ban(gate.room, f"{dave.nick}%irc@{GATEWAY}", "spam")
    ann.wait_gone(gate.room, dave.nick)
    dave.send(f"JOIN {gate.channel}")
    dave.wait_for(lambda m: m.command == "474")
    bans = listed(ann, gate.room, "<item affiliation='outcast'/>")
    assert len(bans) == 1 and dave.nick.lower() in bans[0]["jid"].lower()
    admin(ann, gate.room,
          f"<item jid='{bans[0]['jid']}' affiliation='none'/>")
    dave.join(gate.channel)
    assert listed(ann, gate.room, "<item affiliation='outcast'/>") == []
    admins = listed(ann, gate.room, "<item affiliation='admin'/>")
    assert {a["nick"] for a in admins} == {gate.bob.nick, gate.nick("ann")}


def fields(answer):
    found = {}
    for field in answer.element.iter("{jabber:x:data}field"):
        value = field.find("{jabber:x:data}value")
        found[field.get("var").rpartition("_")[2]] = (
            "" if value is None else value.text or "")
    return found


def config(peer, room):
    return fields(peer.iq(room, f"<query xmlns='{OWNER}'/>", "get"))


def test_the_room_is_configured_as_its_channel(gate):
    ann = op_enters(gate)
    gate.bob.send(f"MODE {gate.channel} -ntsmi")
    gate.bob.barrier()
    ann.configure(gate.room, changesubject=0, moderatedroom=1, publicroom=0,
                  membersonly=1, roomsecret="sesame", maxusers=7)
    gate.bob.barrier()
    gate.bob.send(f"MODE {gate.channel}")
    modes = gate.bob.wait_for(lambda m: m.command == "324").params
    assert set("tmsikl") <= set(modes[2])
    got = config(ann, gate.room)
    assert got["changesubject"] == "false" and got["publicroom"] == "false"
    assert got["moderatedroom"] == got["membersonly"] == "true"
    assert got["maxusers"] == "7" and got["roomsecret"] == "sesame"
    ann.configure(gate.room, changesubject=1, moderatedroom=0, publicroom=1,
                  membersonly=0, roomsecret="", maxusers="")
    got = config(ann, gate.room)
    assert got["changesubject"] == got["publicroom"] == "true"
    assert got["moderatedroom"] == got["membersonly"] == "false"
    assert got["maxusers"] == got["roomsecret"] == ""
    with pytest.raises(Refused, match="not-allowed"):
        ann.destroy(gate.room)
    carol = gate.enter("carol")
    with pytest.raises(Refused, match="forbidden"):
        carol.configure(gate.room, moderatedroom=1)


def test_invitations_go_both_ways(gate):
    ann, carol = op_enters(gate), gate.things.xmpp(gate.xmpp, "carol")
    dave = gate.things.irc(gate.irc, gate.nick("dave"))
    ann.send(f"<message to='{gate.room}'><x xmlns='{MUC}#user'><invite "
             f"to='{dave.nick}%irc@{GATEWAY}'/></x></message>")
    dave.wait_for(lambda m: m.command == "INVITE" and
                  m.nick == gate.nick("ann"))
    ann.send(f"<message to='{gate.room}'><x xmlns='{MUC}#user'><invite "
             f"to='{carol.jid}'><reason>come in</reason></invite></x>"
             "</message>")
    invite = carol.wait_for(lambda s: s.kind == "message" and
                            s.sender == gate.room)
    found = invite.element.find(f"{{{MUC}#user}}x/{{{MUC}#user}}invite")
    assert found.get("from") == ann.jid
    carol.join(gate.room, gate.nick("carol"), timeout=30)
    mark = dave.mark()
    carol.send(f"<message to='{dave.nick}%irc@{GATEWAY}'><x "
               f"xmlns='jabber:x:conference' jid='{gate.room}'/></message>")
    answered = lambda: [s for s in carol.record if s.kind == "message" and
                        s.type == "error"] or [
        m for m in dave.messages[mark:] if m.command == "INVITE"]
    wait_for("an answer to a direct invitation", answered, 20)
    gate.bob.join(f"{gate.channel}-too")
    gate.bob.send(f"INVITE {gate.nick('ann')} {gate.channel}-too")
    invite = ann.wait_for(
        lambda s: s.kind == "message" and s.bare.startswith(
            f"{gate.channel}-too%irc@"), 20)
    direct = invite.element.find("{jabber:x:conference}x")
    assert direct.get("jid") == invite.bare


FIELDS = ["nick", "jid", "reason", "roomsecret", "maxusers", "invite"]


@pytest.mark.parametrize("field", FIELDS)
def test_no_value_of_a_moderator_becomes_a_second_command(one_gate, field):
    gate = one_gate
    ann = op_enters(gate)
    mark = gate.bob.mark()
    for data in POISONS.values():
        data = data.replace(b"%(channel)s", gate.channel.encode())
        if not fits_xml(data.decode("utf-8", "replace")):
            continue
        text = xml_text(data)
        try:
            if field == "reason":
                admin(ann, gate.room, "<item nick='nobody' role='none'>"
                      f"<reason>{text}</reason></item>")
            elif field == "invite":
                ann.send(f"<message to='{gate.room}'><x xmlns='{MUC}#user'>"
                         f"<invite to='{text}'/></x></message>")
            elif field in ("nick", "jid"):
                admin(ann, gate.room,
                      f"<item {field}='{text}' affiliation='outcast'/>")
            else:
                ann.configure(gate.room, **{field: text})
        except Refused:
            pass
    ann.barrier()
    ann.say(gate.room, "still here")
    gate.bob.wait_text("still here", nick=gate.nick("ann"))
    assert not [m for m in gate.bob.messages[mark:]
                if m.command in ("PRIVMSG", "QUIT", "PART") and
                ("injected" in m.raw or "poisoned" in m.raw)]
