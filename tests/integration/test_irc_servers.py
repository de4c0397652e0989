# SPDX-License-Identifier: MIT
"""What only real IRC servers can show: that a network splits and heals, what
they tell about a channel, what proves that a line arrived, that we are still
in and may come back. See also test_irc_peer.c, where the server is ours."""

import time

import pytest

from tests.support import servers
from tests.support.process import wait_for

from .conftest import make_pair
from .test_faults import faulty, proxies  # noqa pylint: disable=W0611

VCARD = "{vcard-temp}"


@pytest.fixture
def inspircd_pair(farm, closing):
    return make_pair(closing, farm.get("prosody"), farm.get("inspircd"))


def operate(peer):
    peer.send(f"OPER {servers.OPERATOR[0]} {servers.OPERATOR[1]}")
    peer.wait_for(lambda m: m.command == "381")
    return peer


# ---- splits

@pytest.fixture(params=["ngircd", "inspircd"])
def split_pair(request, farm, closing):
    """A pair whose IRC server has a leaf, where carol is in the channel."""
    kind = servers.IRC[request.param]
    with kind(closing.folder / closing.name("hub")) as hub:
        leaf = kind(closing.folder / closing.name("leaf")).follow(hub)
        with leaf:
            pair = make_pair(closing, farm.get("prosody"), hub)
            closing.servers.append(leaf)
            yield pair, leaf
            pair.bridge.stop()


def on_leaf(pair, leaf, nick):
    """carol, as the hub sees her: the two are linked."""
    carol = pair.things.irc(leaf, nick)
    carol.join(pair.channel)
    wait_for("the servers to be linked",
             lambda: nick in pair.bob.names(pair.channel), 30, 0.1)
    return carol


def test_a_split_network_is_no_coming_and_going(split_pair):
    pair, leaf = split_pair
    nick = pair.things.name("carol")
    carol = on_leaf(pair, leaf, nick)
    pair.ann.wait_occupant(pair.room, nick)
    mark = pair.ann.mark()
    leaf.kill9()
    split = pair.bob.wait_for(lambda m: m.command == "QUIT" and
                              m.nick == nick, 20)
    print(split.raw)
    carol.close()
    pair.both_ways()
    assert nick in pair.ann.occupants(pair.room)
    leaf.start()
    carol = on_leaf(pair, leaf, nick)
    carol.say(pair.channel, "whole again")
    assert pair.ann.wait_text("whole again").nick == nick
    pair.ann.barrier()
    assert not [s for s in list(pair.ann.record)[mark:]
                if s.kind == "presence" and s.nick == nick]


# ---- the topic on entering

@pytest.mark.parametrize("irc", ["ngircd", "inspircd"])
def test_a_topic_set_while_we_were_away_is_told_with_who_and_when(
        farm, closing, irc):
    pair = make_pair(closing, farm.get("prosody"), farm.get(irc))
    pair.bob.topic(pair.channel, "the first")
    pair.ann.wait_for(lambda s: s.subject == "the first")
    assert pair.bridge.stop() == 0
    mark, before = pair.ann.mark(), int(time.time())
    pair.bob.topic(pair.channel, "the second \u2603")
    pair.bob.wait_for(lambda m: m.command == "TOPIC" and "second" in m.text)
    after = time.time()
    wait_for("another second", lambda: time.time() > after + 1.1)
    pair.bridge.start()
    told = pair.ann.wait_for(lambda s: s.subject == "the second \u2603", 20,
                             mark)
    assert told.nick == pair.bob.nick
    (when, who), = pair.bridge.query(
        "SELECT when_ms, name FROM event JOIN sender ON sender.id = sender "
        "WHERE text = ?", "the second \u2603")
    assert who == pair.bob.nick
    assert before * 1000 <= when <= after * 1000


# ---- proofs

def ends(bridge):
    return [r["msg"] for r in bridge.log() if "ended: " in r.get("msg", "")]


def test_label_and_echo_prove_what_arrived(farm, closing):
    """And bring the id that the server gave it."""
    pair = make_pair(closing, farm.get("prosody"), farm.get("inspircd"),
                     caps=("server-time", "message-tags", "echo-message"))
    for n in range(5):
        pair.ann.say(pair.room, f"proven-{n}")
    last = pair.bob.wait_text("proven-4", target=pair.channel)
    wait_for("the ends", lambda: len(ends(pair.bridge)) >= 5)
    assert all(e.endswith("ended: label") for e in ends(pair.bridge))
    wait_for("its id to be kept", lambda: pair.bridge.query(
        "SELECT delivery_part.native_id FROM delivery_part JOIN event "
        "ON event.id = event WHERE text = 'proven-4'") == [
            (last.tags["msgid"],)])


def test_where_nothing_is_offered_the_listener_or_pong_proves_it(farm,
                                                                 closing):
    pair = make_pair(closing, farm.get("prosody"), farm.get("ngircd"))
    pair.ann.say(pair.room, "by a puppet")
    pair.bob.wait_text("by a puppet")
    wait_for("the end", lambda: ends(pair.bridge))
    assert ends(pair.bridge)[-1].endswith("seen by the listener")


# ---- people change

def test_another_host_or_real_name_is_the_same_person(inspircd_pair):
    pair = inspircd_pair
    pair.both_ways()
    operate(pair.bob)
    carol = pair.join_irc("carol", caps=("chghost", "setname"))
    pair.ann.wait_occupant(pair.room, carol.nick)
    mark = pair.ann.mark()
    pair.bob.send(f"CHGHOST {carol.nick} a.host.of.its.own")
    carol.wait_for(lambda m: m.command == "CHGHOST" or m.command == "396")
    carol.send("SETNAME :Carol of the \u2603")
    carol.wait_for(lambda m: m.command == "SETNAME")
    carol.say(pair.channel, "still me")
    assert pair.ann.wait_text("still me").nick == carol.nick
    assert not [s for s in list(pair.ann.record)[mark:]
                if s.kind == "presence" and s.type == "unavailable"]
    card = pair.ann.iq(f"{pair.room}/{carol.nick}",
                       "<vCard xmlns='vcard-temp'/>")
    assert [e.text for e in card.element.iter(f"{VCARD}FN")] == [
        "Carol of the \u2603"]


def test_a_longer_host_of_ours_makes_our_lines_shorter(inspircd_pair):
    """InspIRCd cuts what would be too long with our prefix before it."""
    pair = inspircd_pair
    pair.both_ways()
    operate(pair.bob)
    pair.bob.send(f"CHGHOST {pair.ann_nick} {'long.' * 12}host")
    pair.both_ways()
    text = " ".join(f"word{n:04}" for n in range(200))
    mark = pair.bob.mark()
    pair.ann.say(pair.room, text)
    pair.bob.wait_text("word0199", since=mark)
    heard = [t for n, t in pair.bob.texts(pair.channel, mark)]
    assert "".join(heard).replace(" ", "") == text.replace(" ", "")


# ---- keys

def away_and_back(it):
    """The listener and ann's puppet are out of the channel, and in again."""
    ours = {"causeway", it.pair.ann_nick}

    def there():
        return ours & it.pair.bob.names(it.pair.channel)
    wait_for("them to be there", lambda: there() == ours, 20)
    it.cut("irc")
    wait_for("them to be out", lambda: not there())
    it.restore("irc")
    wait_for("them to be back", lambda: there() == ours, 20)
    it.wait_back()


@pytest.mark.parametrize("irc", ["ngircd", "inspircd"])
def test_a_key_opens_the_channel_again_also_a_new_one(faulty, irc):
    it = faulty(irc=irc, start=False)
    pair = it.pair
    pair.bob.send(f"MODE {pair.channel} +k first")
    pair.bob.wait_for(lambda m: m.command == "MODE" and "+k" in m.raw)
    room, channel = it.bridge.links["lobby"]
    it.bridge.links["lobby"] = ({"channel": room},
                                {"channel": channel, "key": "env:KEY"})
    it.bridge.environment = {"KEY": "first"}
    it.bridge.configure()
    it.bridge.start()
    it.pair.both_ways()
    away_and_back(it)
    pair.bob.send(f"MODE {pair.channel} -k first")
    pair.bob.send(f"MODE {pair.channel} +k second")
    pair.bob.wait_for(lambda m: m.command == "MODE" and "second" in m.raw)
    it.bridge.wait_log("has another key now")
    away_and_back(it)
    away_and_back(it)
    assert not [r for r in it.bridge.log() if r["level"] == "error"]


def test_a_key_that_came_later_lets_puppets_in(farm, closing):
    pair = make_pair(closing, farm.get("prosody"), farm.get("ngircd"))
    pair.bob.send(f"MODE {pair.channel} +k later")
    pair.bob.wait_for(lambda m: m.command == "MODE" and "later" in m.raw)
    pair.bridge.wait_log("has another key now")
    nick = pair.things.name("Carol")
    carol = pair.things.xmpp(pair.xmpp, "carol").join(pair.room, nick)
    carol.say(pair.room, "with the key")
    assert pair.bob.wait_text("with the key").nick == nick


# ---- what the server says, not what we remember

@pytest.mark.parametrize("irc", ["ngircd", "inspircd"])
def test_after_a_reconnect_the_channel_is_as_the_server_says(faulty, irc):
    it = faulty(irc=irc)
    pair = it.pair
    gone, stays = pair.join_irc("gone"), pair.join_irc("stays")
    for peer in (gone, stays):
        pair.ann.wait_occupant(pair.room, peer.nick)
    pair.bob.topic(pair.channel, "before")
    pair.ann.wait_for(lambda s: s.subject == "before")
    it.cut("irc")
    it.bridge.wait_log("down:", "irc")
    gone.part(pair.channel)
    comes = pair.join_irc("comes")
    pair.bob.topic(pair.channel, "meanwhile")
    pair.bob.send(f"MODE {pair.channel} +m")
    pair.bob.barrier()
    it.restore("irc")
    pair.ann.wait_occupant(pair.room, comes.nick, 30)
    pair.ann.wait_gone(pair.room, gone.nick, 20)
    pair.ann.wait_for(lambda s: s.subject == "meanwhile", 20)
    assert stays.nick in pair.ann.occupants(pair.room)
    pair.ann.say(pair.room, "into the silence")
    pair.ann.wait_for(lambda s: "not delivered" in (s.body or ""), 20)
    pair.bob.send(f"MODE {pair.channel} -m")
    pair.both_ways()


# ---- joined but silent

@pytest.mark.parametrize("irc", ["ngircd", "inspircd"])
def test_a_channel_that_we_were_silently_removed_from_is_entered_again(
        faulty, irc):
    """The KICK does not reach us; what tells is that nothing is heard."""
    it = faulty(irc=irc, irc_options={"silence": 8})
    pair = it.pair
    pair.both_ways()
    it.irc.change("down", drop=True)
    pair.bob.kick(pair.channel, "causeway")
    # by the listener and by the one puppet
    wait_for("the KICK to be lost", lambda:
             it.irc.dropped["down"].count(b" KICK ") == 2)
    it.irc.clear()
    it.bridge.wait_log("no longer in the channel", timeout=40)
    it.wait_back()
    assert not it.bridge.downs("irc")
