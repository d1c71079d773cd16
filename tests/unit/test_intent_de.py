"""Generate or edit: the eight rules, on German sentences as different people write them."""

from __future__ import annotations

import pytest

from bot.intent import Decision
from tests.support.intent_tables import (
    AS_A_CHANGE,
    AS_A_SUBJECT,
    EVERYWHERE,
    REPLY,
    by_picture,
    decided,
    decision_of,
    sentences,
)

HINTED = """
hallo | Hallo! | moin | Moin moin | servus | Grüezi | Guten Morgen! | guten abend easel | gute nacht | tschüss | na?
hey na | wie geht's? | wie gehts dir | Grüß Gott | gruess dich | Wer bist du? | Was kannst du? | was kannst du alles
Hilfe | hilfe bitte | Ich brauche Hilfe | wie funktioniert das? | wie geht das hier | was ist easel
Wie kann ich ein Bild bearbeiten? | Was kostet das? | ist das kostenlos? | Welches Modell benutzt du?
welche größen gehen? | kannst du deutsch? | Sprichst du Deutsch? | verstehst du deutsch | Was ist das?
kannst du auch bilder bearbeiten? | wie lange dauert das? | warum so langsam? | bist du ein bot? | bist du eine KI
ich versteh das nicht | es passiert nichts | das funktioniert nicht | geht nicht | das gefällt mir nicht
gefaellt mir nicht | hässlich | Das ist ja hässlich | nicht schön | sieht komisch aus | hmm nicht ganz
das ist falsch | so hab ich das nicht gemeint | das war nicht was ich wollte | Hallo, wer bist du?
"""
IGNORED = """
danke | Danke schön! | dankeschoen | vielen Dank | vielen lieben dank für das bild | thx dir | merci vielmals
dank dir | danke danke | Tausend Dank, sehr schön geworden | super | Super gemacht! | toll | schön! | sehr schön
wunderschön | das ist wunderschön | mega | mega geil | hammer | krass | geil | voll cool | alter wie geil
Das Licht ist wunderschön | die farben sind der hammer | der fuchs ist ja süß | sieht super aus
sieht echt mega aus digga | gefällt mir sehr gut | gefällt mir | ich liebe es | liebs | Ich liebe die Farben
perfekt | Perfekt, genau so wollte ich das | genau so | das ist genau was ich wollte | gut gemacht | hahaha | hihi
lol alter | ich lach mich tot | 😂😂 mega | ok | okay danke | alles klar | passt | jo | ja | nein | nee | jap
verstanden | schade | macht nichts | egal | nice, danke dir | wow wie schön | boah | hübsch geworden
der Hut steht ihm gut | ned schlecht | nicht schlecht | leiwand | top | Ausgezeichnet, vielen herzlichen Dank!
"""
UNDONE = """
rückgängig | Rückgängig machen | mach das rückgängig | mach das bitte rueckgaengig | bitte rückgängig machen
kannst du das rückgängig machen? | zurück | zurück! | geh zurück | einen schritt zurück
zurück zum vorherigen bild | zurück zur letzten Version | das vorherige bitte | vorheriges Bild
letztes bild wiederherstellen | stell das vorige Bild wieder her | zeig mir nochmal das vorherige
nimm die letzte Änderung zurück | letzte änderung rückgängig | das alte war besser | Das erste Bild war besser
vorher war es besser | vorher wars schöner | ich möchte das alte Bild zurück | wieder wie vorher
mach es wieder wie vorher | nein, zurück | undo bitte | ich will das alte wieder | Änderung verwerfen
haha nee mach zurück | doch lieber das vorherige | Stelle bitte das Original wieder her.
"""
ANOTHER = """
nochmal | noch mal | noch einmal bitte | nochmals | noch eins | noch eins bitte | noch ein bild | ein anderes
ein neues bitte | neuer versuch | versuch's nochmal | probier nochmal | mach noch eins | nochmal neu
neu generieren | mehr davon | danke, noch eins | ein weiteres bitte
"""
NEW = """
neues Bild: zwei Eulen | Mal mir ein neues Bild von einem Hund | mach ein neues bild, ein Roboter im Regen
zeichne mir ein anderes Bild, einen Leuchtturm | noch ein Bild von einer Katze bitte | neue Idee: ein Hai im Anzug
Ein weiteres Bild mit einem Bären | jetzt ein neues Bild von einem Fuchs | zeichne einen anderen Hund
danke! mal noch ein bild von einem baum | etwas ganz anderes: eine Teekanne | was ganz anderes, ein drache
vergiss das, zeichne ein Pferd | vergiss das Bild, male einen Wal | fang nochmal von vorne an: ein bergsee
Neues Thema: Weltraum | das gefällt mir nicht, mach ein neues bild von einem Bären
kannst du mir ein neues Bild malen, ein Schiff im Sturm | Generiere ein neues Bild einer Stadt bei Nacht
erstell mir ein komplett neues bild mit nem auto | ganz neues bild, ne katze aufm dach
Ich hätte gern ein neues Bild mit Sonnenblumen | nächstes Bild: ein Elefant
"""
CHANGES = """
mach es Nacht | mach's heller | mach das heller | heller | Heller bitte | dunkler | etwas dunkler bitte
bisschen wärmer | ein bisschen heller | viel heller | noch heller | mehr kontrast | weniger sättigung | mehr Licht
mehr Schnee bitte | Kannst du es heller machen? | koenntest du das etwas waermer machen bitte | nacht
Könnten Sie bitte den Hut entfernen? | entferne den hut | Hut entfernen | hut weg | der Hut soll weg
nimm den hut weg | mach den hut weg | tu den hut weg | ohne hut | ohne den Hut bitte | jetzt mit schnee
mit Schnee | jetzt noch mit Schnee | und jetzt im Winter | bei Nacht | nachts | in schwarz-weiß | schwarzweiß
s/w bitte | als Ölgemälde | als oelgemaelde bitte | im Stil von Van Gogh | im anime stil | anime style bitte
von oben | von der Seite | näher ran | rauszoomen | zoom raus | Hintergrund unscharf | hintergrund entfernen
Hintergrund ändern | anderer Hintergrund | neuer Hintergrund bitte | Ändere den Hintergrund zu einem Strand
tausch den hund gegen eine katze aus | ersetze den Hund durch eine Katze | statt dem Hund eine Katze
eine Katze statt des Hundes | eine katze anstelle des hundes | der himmel ist zu dunkel | zu dunkel
viel zu hell | zu viel rot | Der Hut fehlt | da fehlt ein Hut | es fehlt noch ein Baum | ihm fehlt ein hut
der hund sollte größer sein | Der Hintergrund soll blau sein | er soll lächeln | lass ihn lächeln | lass es schneien
gib ihm einen Hut | setz ihm ne sonnenbrille auf | zieh ihr ein rotes Kleid an | füge einen Hut hinzu
fuege schnee hinzu | Hut hinzufügen | noch ein baum rechts | noch ein Hund daneben | pack noch nen baum dazu
schreib "Alles Gute" drauf | schreibe „Frohe Weihnachten“ oben hin | male ihm einen Hut | mal ihm nen bart
mach den himmel blauer | mach die Haare länger | haare rot | die haare blond bitte | färbe das Auto rot
das auto in rot | verwandle es in ein Aquarell | mach ein Aquarell draus | mach daraus ein gemälde
dreh das Bild | drehe es um 90 Grad | spiegeln | zuschneiden auf 16:9 | Gesicht schärfer | größere Augen
groessere Augen | gib dem Fuchs einen neuen Hintergrund | mach es mehr cozy | mach es cuter | mehr cozy
make den hintergrund blurry | remove den hut pls | entferne den background | Danke! Jetzt noch mit Schnee
danke, jetzt bei nacht | schön, aber etwas heller | super aber ohne den hut | Alles in Blau
cool, kannst du den Hintergrund entfernen? | gefällt mir, aber die haare bitte länger | lol mach ihm ne glatze
Hallo, mach es bitte heller | wie wäre es mit Schnee? | wie sähe das im Winter aus? | kann es nacht sein?
wie würde es nachts aussehen | kannst du auch einen mond einbauen | könnte es schneien? | ich hätte es gern dunkler
ich möchte den Hintergrund in Blau | ich will dass er lacht | ich finde es zu dunkel | gleiches bild aber nachts
das gleiche nochmal in blau | selbes bild, ohne text | nochmal aber mit schnee | zurück zu Tag ändern
mach es wieder Tag | die Hände sind falsch | korrigiere die hände | Hände reparieren | er braucht einen bart
rest so lassen aber auto rot | das Gesicht bitte freundlicher | weniger Text | kein Text | keine Wolken
nicht so dunkel | nicht so bunt | Im Hintergrund Berge | im hintergrund bitte berge | links noch ein Baum
Wasserzeichen weg | Die Frau links rausnehmen | nimm die Leute raus | wärmere farben | der hund bitte schwarz
Ich wünsche mir etwas mehr Farbe, bitte | Wären etwas wärmere Farben möglich?
Füge doch bitte noch eine kleine Katze neben dem Hund ein.
"""
FRESH = """
ein roter fuchs im schnee | eine Katze auf einem Fahrrad | zeichne einen hund | mal mir ne katze
Male mir bitte ein Bild von einem Leuchtturm | kannst du mir einen drachen malen? | ferne Berge im Nebel
Könntest du bitte einen Bergsee zeichnen | Ich möchte ein Bild von einem Pferd | ich hätte gern ein Bild vom Meer
Ein Hund, der schneller läuft als ein Auto | eine Frau, die ihren Hut abnimmt | Die Schöne und das Biest
ein Mann entfernt Graffiti von einer Wand | Frau ohne Hut am Meer | ein haus mit roter tür | Ein Hallo-Schild
ein Schild mit der Aufschrift Danke | Danke-Karte mit Blumen | Hilfe! Plakat zum Beatles-Film
Das Boot, Filmplakat | Das Mädchen mit dem Perlenohrring als Katze | Der alte Mann und das Meer
Die unendliche Geschichte, Buchcover | Heller Tag am Strand, Kinder spielen | Dunkler Wald mit Nebel
dunkle gasse bei regen | Größter Hund der Welt | schöner Sonnenuntergang am Meer | Schöne Frau im roten Kleid
Neues Rathaus in München | Neuschwanstein im Winter | Neue Nationalgalerie Berlin bei Nacht
Alte Brücke in Heidelberg | guter hirte mit schafen | Guten-Morgen-Kaffee auf dem Balkon
Ohne Titel, abstraktes Gemälde | Mit dem Zug durch die Schweiz | mit dem fahrrad um die welt, poster
Im Westen nichts Neues, Filmplakat | Im Wald steht ein kleines Haus | Nachts im Museum
Bei Nacht tanzen die Hexen auf dem Blocksberg | Zurück in die Zukunft mit Katzen | Zurueck in die Zukunft Delorean
Weniger ist mehr, Typografie Poster | Super Mario im Weltraum | Süßes Kätzchen schläft | Süße Katze in einer Tasse
coole Katze mit Sonnenbrille | Perfekter Strand auf den Malediven | krasser Drache spuckt Feuer
lachende Kinder im Regen | ein kind das lacht | ein Maler malt den Himmel blau | Entfernte Galaxie mit Sternen
danke! mal einen Hund | Hallo, male mir bitte einen Baum | super, jetzt zeichne eine Burg | jetzt ein hund
jetzt mal einen hund | Wie wäre es mit einem Bild von einer Eule? | wie würde eine katze im weltall aussehen?
zeig mir einen Roboter beim Schach | Ein Bild vom Kölner Dom bei Nacht | Oma backt Kekse | 3 katzen in einem korb
ein junge der seinem hund einen hut aufsetzt | Mann mit Hut und daneben ein Hund | ne Katze aufm Dach
Leuchtturm im Sturm, dramatisches Licht, mehr Details | ein Auto, nicht rot, sondern blau
Logo für ein Café namens Zurück | Der Himmel über Berlin | Die Hände eines alten Mannes
Der letzte Tag des Sommers | erstelle ein Poster für ein Sommerfest | Er ist wieder da, Buchcover
Es war einmal ein König | Es regnet Katzen und Hunde | Lass uns tanzen, Filmplakat | n Hund mit Brille
Gib Gas, Rennauto auf der Autobahn | Wildschwein im Herbstwald, Ölgemälde | Kein Schwein ruft mich an, Comic
ein Bild im Stil von Van Gogh: Sternennacht über Hamburg | Der Zauberer ändert die Farbe des Himmels
Keine Macht den Drogen, Plakat | Weiße Weihnacht in den Alpen | Weißer Hai im Anzug | blaue Blume | rotes Auto
Nacht über Paris | Winterlandschaft | Kleiner Prinz auf seinem Planeten | mond | Das ist das Haus vom Nikolaus
die hard poster | hell on earth | gut feeling | a war hero | rot and decay | MIT campus in spring | super hero
bald eagle | fast car on a road | hat shop | man in a boat
"""
# written without a look at the rules
MORE_HINTED = """
Guten Tag, was können Sie alles? | wie kann ich das Bild speichern | kannst du auch videos machen? | na du
wieso dauert das so lange? | ich find das hässlich | bäh | gibt es eine anleitung? | Schönen guten Abend
"""
MORE_IGNORED = """
Herzlichen Dank, das Bild ist ganz reizend! | ey das ist so nice geworden | danke dir vielmals, perfekt!
der hintergrund ist echt mega schön geworden | Die Farben gefallen mir sehr | hahahah ich kann nicht mehr
joa passt | sehr gelungen, danke | omg wie süß ist das denn | hast du toll gemacht | Das sieht wunderschön aus, danke
"""
MORE_UNDONE = """
bitte das vorherige Bild wieder | mach die änderung rückgängig | geh bitte einen Schritt zurück | die vorige war besser
ich fand das erste besser | Nein, bitte zurück zum Original | letzten schritt rückgängig machen
"""
MORE_NEW = """
Danke! Und jetzt ein neues Bild: ein Segelschiff | bitte ein ganz anderes Bild, eine Mühle im Frühling
mach mal was anderes, n Alien aufm Skateboard | Könnten Sie mir ein weiteres Bild von einer Rose malen?
vergiss das alles, mach ein Auto
"""
MORE_CHANGES = """
Könnten Sie den Hintergrund bitte etwas heller gestalten? | mach ma den himmel lila | die katze soll schlafen
ich hätte gerne noch einen Regenbogen im Hintergrund | kannste die brille wegmachen | haare bitte kürzer
Bitte die Person links entfernen. | der hund guckt zu böse | mach den kontrast hoch | etwas weniger Nebel
als schwarz weiß foto | das ganze im comic style | jetzt das gleiche im herbst | setz der katze eine krone auf
Super, danke! Kannst du noch ein paar Wolken ergänzen? | mehr vibes | fuege bitte einen Baum hinzu
könntest du ihr die haare blau färben | lass die frau lachen | da ist ein finger zu viel | die nase ist zu groß
tausche rot gegen blau | bisschen mehr drama | bei sonnenuntergang | mit sonnenbrille | ohne text
schneide es quadratisch zu | der text ist falsch geschrieben | kannst du das größer machen | mach ihn jünger
farben kräftiger | am strand | Ich hätte den Hund lieber braun | gib ihr rote haare | es soll regnen
nicht so viele leute im hintergrund | noch dunkler!! | entferne bitte den Schatten unter dem Auto, er stört
"""
MORE_FRESH = """
Ein alter Fischer flickt seine Netze | Blumenwiese im Morgenlicht | n drache der ne pizza isst
Altes Foto eines Bahnhofs
eine stadt ohne autos | Der Wanderer über dem Nebelmeer | Zwei Kinder bauen einen Schneemann
schwarze katze auf rotem sofa
Malen Sie mir bitte ein Bild von meinem Garten | kannst du mir ne burg zeichnen | Plakat: Danke für nichts
Die Verwandlung von Kafka als Comic | ein zimmer mit zu vielen büchern | Mehrere Hunde am See | Rotkäppchen und der Wolf
Das letzte Einhorn | Vergissmeinnicht in einer Vase | ein Mann ändert seine Frisur beim Friseur | Großer Bär im Wald
ein roboter, der seinen kopf entfernt | danke, mach mir jetzt ein pferd | Hilfsarbeiter auf einer Baustelle
Guten Morgen Sonnenschein, Postkarte | Kleine Hexe fliegt über die Stadt | neuer Tag, neues Glück, Kalenderblatt
Ersatzteile auf einer Werkbank | Heller Wahnsinn, Buchcover | toll aussehender Ritter
"""


@pytest.mark.parametrize("text", sentences(HINTED + MORE_HINTED))
def test_greetings_and_questions_get_a_hint_everywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE) == {("hint", 3)}


@pytest.mark.parametrize("text", sentences(IGNORED + MORE_IGNORED))
def test_thanks_praise_and_laughter_get_no_picture_anywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE) == {("ignore", 3)}


@pytest.mark.parametrize("text", sentences(UNDONE + MORE_UNDONE))
def test_undo_goes_back_everywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE) == {("undo", 3)}


@pytest.mark.parametrize("text", sentences(NEW + MORE_NEW))
def test_words_for_a_new_picture_generate_whatever_pictures_there_are(text: str) -> None:
    assert decided(text, *EVERYWHERE) == {("generate", 4)}


@pytest.mark.parametrize("text", sentences(ANOTHER))
def test_another_one_is_no_prompt(text: str) -> None:
    assert decision_of(text, REPLY) == Decision("generate", 4, repeat=True)


@pytest.mark.parametrize("text", sentences(CHANGES + MORE_CHANGES))
def test_changes_edit_the_picture_there_is(text: str) -> None:
    assert by_picture(text) == AS_A_CHANGE


@pytest.mark.parametrize("text", sentences(FRESH + MORE_FRESH))
def test_fresh_subjects_generate_unless_a_picture_is_given(text: str) -> None:
    assert by_picture(text) == AS_A_SUBJECT
