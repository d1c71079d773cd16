"""The eight rules in French: teenagers, pensioners, designers, people who type without accents."""

from __future__ import annotations

import pytest

from bot.intent import Decision
from tests.support.intent_tables import (
    AS_A_CHANGE,
    AS_A_SUBJECT,
    EVERYWHERE,
    RECENT,
    REPLY,
    by_picture,
    decided,
    decision_of,
    sentences,
)

HINTED = """
salut | coucou | slt | cc | wesh | yo ça va ? | salut ça va | comment ça va ? | comment vas-tu ? | hello tout le monde
Bonjour à tous | bonne nuit | à plus | a+ | à demain | bonne journée ! | t'es là ? | qui es-tu ? | t ki | tu es qui ?
tu es un robot ? | c'est quoi ce bot ? | que sais-tu faire ? | qu'est-ce que tu peux faire ?
Qu’est-ce que tu sais faire ? | tu sais faire quoi | aide | aide-moi | à l'aide ! | au secours | aidez moi svp
j'ai besoin d'aide | comment ça marche ? | comment on fait pour modifier une image ? | comment modifier une image ?
c'est gratuit ? | combien ça coûte ? | quel modèle tu utilises ? | quelles tailles sont possibles ? | c'est quel style ?
pourquoi c'est si lent ? | pourquoi tu réponds pas | tu parles français ? | tu peux dessiner ?
peux-tu modifier des images ? | tu sais retoucher des photos ? | je comprends pas | je n'ai pas compris | ça marche pas
il se passe rien | quelles sont tes commandes ? | je voudrais savoir comment vous fonctionnez | bonjour, qui êtes-vous ?
est-ce que c'est payant ? | est-ce que tu gardes mes images ? | j'aime pas | c'est moche | c'est pas ça | bof
pas terrible | mouais | beurk | ça ne ressemble à rien | modifie l'image | change ça | Ce n'est pas ce que je voulais.
Bonjour Easel | hey salut | bsr tt le monde | comment tu vas ? | tu dors ? | ça roule ? | t'es un vrai humain ?
qui t'a créé ? | c koi ce truc | kesk tu sais faire | aidez-moi s'il vous plaît je suis perdue
je sais pas comment faire | quels sont les styles disponibles ? | tu utilises quelle ia ? | j'aime pas trop
c'est vraiment pas beau | hmm c'est pas tout à fait ça | Bonjour, comment puis-je modifier une photo ?
dis moi comment tu marches | t'es qui toi | tu comprends le français ? | il est où le menu ? | c'est quoi les commandes
combien d'images par jour ? | salut ça roule ? | pk c'est aussi long | ça bug | c'est hideux | trop bizarre | je déteste
Bien le bonjour | qu'est-ce que c'est ? | est-ce que tu es une vraie personne ? | c'est toi qui dessines ? | kikou
rebonjour | bonsoir à toutes et à tous | tu marches comment ? | je capte rien | quel est ton nom ?
tu t'appelles comment ? | pas ouf | c'est pas beau | ca va merci
"""
IGNORED = """
merci beaucoup ! | mci | merci infiniment | un grand merci | mille mercis | merci pour l'image | merci c'est parfait
super merci | trop bien | c'est trop beau | magnifique ! | c'est magnifique | sublime, merci | j'adore ! merci | jador
jkiffe | je kiffe trop | trop stylé | c'est stylé | genial | excellent travail | bien joué | la lumière est magnifique
les couleurs sont superbes | le renard est trop mignon | Quel joli renard ! | que c'est beau | comme c'est beau !
j'aime beaucoup les couleurs | j'aime bien le ciel | c'est exactement ce que je voulais | c'est tout à fait ça
pile ce que je voulais | tu gères | t'es le meilleur | tu es génial | mdr | mdrr | ptdr | hahaha trop drôle | xptdr
c'est drôle | trop marrant | mort de rire | je suis mort | d'accord | d'acc | ok merci | ouais | non | non merci
entendu | compris | je vois | pas de souci | pas de problème | tant pis | c'est bon | pas mal | pas mal du tout | waouh
oh là là | la vache | punaise | incroyable | impressionnant | c'est ouf | c'est un truc de ouf | ça déchire | ça claque
ça rend bien | ça rend super bien 😍 | c'est une tuerie | une pure merveille | quelle merveille | chapeau !
chapeau l'artiste | de rien | je t'en prie | nickel merci | impec | au top | vraiment très joli
c'est parfait merci beaucoup | ça me plaît | ça me plait beaucoup | Je vous remercie infiniment, c'est ravissant.
C'EST TROP BIEN | le fond est canon, merci | les yeux sont hyper réalistes | mon dieu que c'est beau | merciii
merci à toi ! | merci mec | oh merci c'est adorable | ohhh trop chou | wow c'est dingue | waw stylé
le ciel est magnifique et les couleurs aussi | c'est super beau, bravo | ton dessin est trop beau
parfait, merci pour ton aide | je l'adore | elle est trop belle | Il est trop mignon ce chat | ptdrrr | haha excellent
mdrrr j'en peux plus | oki | ça marche, merci | c'est noté | j'aime trop le rendu | très joli travail, merci infiniment
mille fois merci | c'est stylé de ouf | jadooore | ooooh j'adore | magnifique rendu | les détails sont fous
ah ouais quand même | okok | bon boulot | parfait 👌 | Merci, c'est exactement l'idée que j'avais | tu déchires
trop mimi | c'est pas mal du tout ! | wahou quelle lumière | merci pour ta patience | ah ah | j'en reviens pas
c'est très réussi | la classe | trop la classe | génial, merci beaucoup à toi
C'est vraiment superbe, je vous félicite ! | bien ouej | t'es trop fort | ça c'est du beau boulot | le rendu est dingue
ses yeux sont magnifiques | l'ambiance est incroyable | la neige rend trop bien | rien à redire | on adore
franchement c'est beau | trop content merci | je suis fan | merci à toi c'est exactement ça | oué | c good | c bon
j'aime beaucoup cette version
"""
UNDONE = """
annule ça | annule la dernière modification | annulez s'il vous plaît | reviens en arrière | retour | retour en arrière
revenir en arriere | on peut revenir en arrière ? | tu peux revenir en arriere stp | reviens à l'image précédente
reviens à la version d'avant | remets l'image d'avant | remets comme avant | remets-la comme avant
remettez l'ancienne version s'il vous plaît | l'image précédente | version précédente | retour à l'originale
je préférais la version d'avant | je préférais avant | c'était mieux avant | la précédente était mieux
rends-moi l'ancienne | non, reviens en arrière | mdr annule | défais ça | rétablis l'original | undo stp | oups annule
restaure la version précédente | montre-moi la précédente | Pourriez-vous revenir à l'image précédente ?
Annule la modif | on revient en arrière ? | je veux revenir à l'image d'avant | remets la photo d'origine stp
c'était mieux avant, remets | non annule | reviens à la première version | tu peux annuler ? | je préfère l'ancienne
remets moi celle d'avant | reviens à celle d'avant | annule tout | annulez la dernière modification s'il vous plaît
retourne à la version précédente | finalement remets comme c'était | non remets l'ancien
je voudrais revenir à l'image d'origine | en arrière | annule la dernière action
Est-il possible de revenir à la version précédente ? | redonne-moi l'originale | j'aimais mieux avant
retour à la version précédente | annule ce changement
"""
NEW = """
dessine-moi une nouvelle image d'un chien | fais une nouvelle image : deux hiboux | une autre image d'un chat stp
nouvelle image : un phare dans la tempête | crée-moi une nouvelle illustration avec un robot | dessine un autre chat
on repart de zéro : un lac de montagne | recommence à zéro, un château | repartons de zéro avec une voiture bleue
oublie ça, dessine un cheval | laisse tomber, fais un dragon | quelque chose de complètement différent : une théière
autre chose : un dragon | passons à autre chose : un bateau | merci ! dessine une autre image avec un arbre
J'aime pas celle-là, fais une autre image d'un ours | je veux une nouvelle image d'une plage
peux-tu générer une autre image, un phare ? | pourriez-vous me faire un nouveau dessin d'une rose ?
génère une image différente : une ville cyberpunk | nouveau sujet : un marché de Noël | nouvelle idée, un chat pirate
change de sujet, dessine un dragon | rien à voir : un vélo rouge | fais moi une otre image de chien
fais m'en une autre avec un loup | maintenant fais une nouvelle image : une forêt
je voudrais une autre image, un château fort cette fois | bon on change de sujet : un sous-marin
on recommence à zéro : un astronaute | génère une nouvelle photo d'un lac
merci, une autre image maintenant : une grenouille | dessine autre chose, un bateau par exemple
Pourriez-vous réaliser un autre tableau représentant des tournesols ? | une nouvelle affiche pour un concert
ok, nouvelle image : un hérisson | j'en veux une autre avec un chien | fais une autre image, cette fois avec un dragon
dessine-moi encore une autre image : un volcan | laisse tomber, plutôt un château
on passe à autre chose, un train à vapeur | oublie le chat, dessine une vache
je voudrais une nouvelle illustration pour mon blog | donne moi une autre image de paysage
une toute nouvelle image avec un phare | oublie tout ça : un robot jardinier | change de thème : l'espace
autre idée : un cactus en costume | refais une nouvelle image d'une plage
"""
ANOTHER = """
encore | encore une | une autre | encore une fois | refais | réessaie | reessaye | recommence | une autre stp
super, encore une | génère à nouveau | régénère | essaie encore | une autre version | refais-la
Pouvez-vous recommencer ? | encore un essai | refais-en une | une autre pour voir | t'en as une autre ?
"""
CHANGES = """
fais-le de nuit | en noir et blanc | passe-la en noir et blanc | enleve le chapeau | supprime l'arrière-plan
remove le fond stp | avec de la neige | pareil mais de nuit | la même chose en bleu | rajoute des étoiles
donne-lui des lunettes | change l'arrière-plan en plage | transforme-la en aquarelle | fais en sorte qu'il pleuve
rends la scène plus lumineuse | plus lumineux stp | plus de contraste | c'est trop sombre | le ciel est trop foncé
il manque un chapeau | le chapeau manque | il n'y a pas assez de lumière | on voit mal le visage
les yeux sont bizarres | répare la main gauche | zoome sur le visage | floute le fond | baisse la saturation
je la voudrais en bleu | je voudrais que le ciel soit rose | tu peux enlever le fond stp
est-ce que tu peux mettre un chat à côté ? | serait-il possible d'ajouter un arbre ? | on peut avoir la même en rouge ?
et s'il neigeait ? | et avec un chat ? | version manga | dans le style de Monet | comme une peinture à l'huile
vu d'en haut | gros plan | garde le chat mais change le fond | super, tu peux ajouter un chapeau ?
j'adore mais plus sombre | mdr rends-le chauve | Merci d'enlever le chapeau | mets un autre fond | change de fond
écris JOYEUX ANNIVERSAIRE en haut | à la place du chien mets un chat | un chat au lieu du chien | fais-le sourire
qu'elle sourie | le chien doit regarder la caméra | il faudrait plus de lumière | met un fond bleu | colorie-la
fais un chat dans le même style | encore mais avec de la neige | cheveux plus longs | format portrait | en plus réaliste
t'as oublié le chapeau | tu pourrai enlevé le chapo stp | mets du soleil | fais-la en hiver | fais qu'il neige
tu peux virer le mec derrière ? | vire moi ce texte | gomme le logo | dégage le fond | la robe en rouge stp
une robe rouge plutôt que bleue | plutôt une robe rouge | le chat est trop gros | il est trop gros
elle n'a pas assez de cheveux | faut enlever les nuages | tu peux pas le rendre plus réaliste ?
jpeux avoir la meme mais en plus sombre | j'aurais aimé un fond plus clair | ça manque de couleur
le texte est illisible | il lui manque un bras | les doigts sont bizarres | y'a un doigt en trop
merci ! tu peux juste changer la couleur du pull ? | Trop bien! Par contre enlève la moustache
c'est super mais tu peux ajouter une lune ? | et si on ajoutait un dragon ? | et avec des ailes ? | version noël
façon bande dessinée | version année 80 | en dessin animé | en mode cartoon | en jour | le soir
plus sombre et plus triste | plus cute | make it plus sombre | ajoute un peu de glow autour | change le background
met le en 4k | assis sur un banc | avec le sourire | sans les lunettes svp | retourne l'image | recadre en carré
passe en format paysage | fais une version nocturne | on enlève le fond | change le chien pour un chat
à la place mets un loup | enlevez-lui ses lunettes, s'il vous plaît
Pourriez-vous, s'il vous plaît, adoucir un peu les ombres sur son visage ? | rajoute lui des ailes et enlève le chapeau
j'ai dit sans chapeau | le même avec un chien | la même scène vue du ciel | tout en bleu
refais la même en plus lumineux | enleve les gens | je trouve que le ciel est trop gris | tu as oublié la lune
on dirait un chien, fais plutôt un loup | fond transparent stp | nouvelle couleur de cheveux | donne-lui un nouveau look
plus flou derrière | moins de monde | ajoute-moi des étoiles | ajoute de la brume stp | enlève-moi ça
enleve tout le texte | retire-lui sa veste | supprime le chien à droite | colore le ciel en orange
peins la maison en rouge | mets-y un peu de neige | mets leur des bonnets | rends son sourire plus naturel
tu peux la mettre au format carré ? | pouvez-vous la passer en noir et blanc ? | tu veux bien enlever la barbe ?
j'aimerais que tu enlèves le fond | je voudrais enlever la personne à gauche | je veux changer le fond
possible d'avoir un fond bleu ? | possible de l'avoir en noir et blanc ? | on peut changer la couleur du ciel ?
et en noir et blanc ? | et avec des lunettes | ok mais sans la barbe | oui mais plus joyeux | non plus sombre
non, en rouge | super beau ! manque juste un peu de lumière | le visage est flou | sa tête est coupée | c'est trop jaune
c'est encore trop sombre | toujours trop clair | l'eau devrait être plus claire | les oreilles sont trop grandes
le contraste est trop faible | la moto devrait être verte | remets le chapeau | zoom arrière | zoome un peu
recule un peu | cadre plus large | élargis le cadre | en plein jour | au printemps | en automne avec des feuilles mortes
sous l'orage | devant la tour Eiffel | à côté d'un lac | couleurs plus vives | lumière plus douce | ambiance plus sombre
style Ghibli stp | façon Picasso | imagine-le en pirate | fais-en un pirate | fais de lui un pirate
déguise-le en pirate | habille-la en princesse | qu'il soit plus vieux | vieillis-le | rajeunis-la de dix ans
mets "SOLDES" en gros | change juste les yeux | GARDE LE CHAT MAIS ENLEVE LE RESTE | jveux un fond noir
jvoudrai le meme en bleu | tpeux enlever le fond | ns avons besoin d'un fond blanc | enlève la watermark
fais un truc plus dark | encore un peu plus à gauche | merci bcp ! est-ce que tu peux enlever les lunettes ?
Parfait ! Maintenant, mettez-le dans un jardin, je vous prie. | haha enlève sa moustache
bonjour, peux-tu ajouter un arc-en-ciel ? | sympa mais les couleurs sont trop ternes | le chien n'a pas de queue
il n'a que trois pattes | elle a six doigts | on ne voit pas ses mains | sa bouche est bizarre | c'est à l'envers
l'horizon est penché | le chapeau a disparu | il faudrait que le ciel soit bleu | baisse un peu la lumière
monte le contraste | rapproche la caméra | tourne-la à gauche | ajoute lui un sourire | mets la en robe
mets-le devant un château | transforme le chat en tigre | un fond noir à la place | avec plus de détails
avec moins de bleu | avec des fleurs partout | sans personne | sans texte | sans bordure svp | dans le désert
sous l'eau | en hiver avec de la neige | en costume | de plus près | vue de profil | n'oublie pas le chapeau
garde tout mais change la couleur du pull | ne change rien sauf le ciel | enleve juste le texte en bas
efface moi ce poteau moche | cette image mais en bleu | la même image sans le chien
"""
FRESH = """
une femme qui enlève son chapeau | une femme sans chapeau au bord de la mer | un homme retirant sa veste
dessine-moi un mouton | fais-moi un chat | peux-tu dessiner un phare ? | je veux un chien
je voudrais une image d'un dragon | j'aimerais un paysage de montagne | donne-moi un vaisseau spatial
merci ! dessine un chien | super, maintenant dessine un château | bonjour, dessine-moi un chat
salut tu peux faire une licorne stp | petit chien dans un panier | grand méchant loup
vieux marin avec une barbe blanche | joli village sous la neige | magnifique coucher de soleil sur la mer
super héros volant au-dessus de Paris | génial inventeur dans son atelier | nuit d'orage sur la mer | le petit prince
un panneau Bonjour | une carte merci | carte de remerciement « Merci » avec des fleurs | Sans toit ni loi, affiche
salut les copains, affiche années 60 | retour vers le futur en dessin animé | le retour du roi
logo d'un café qui s'appelle Retour | la plus belle femme du monde | des mets délicieux sur une table
une montre ancienne sur une table | porte bleue dans un mur blanc | coupe de fruits | tourne-disque vintage
place de la Concorde | ferme au milieu des champs | le plus grand chat du monde | un homme plus grand qu'un immeuble
les plus beaux jardins de Kyoto | dans la forêt, un renard dort | à la recherche du temps perdu
dans un royaume lointain, un dragon garde un trésor | il était une fois un roi | fond d'écran avec une planète
fond marin avec des coraux | ciel étoilé au-dessus du désert | cheveux au vent | photo de famille devant un sapin
un autre monde | nouvel an à Times Square | Nouvelle-Calédonie vue du ciel | pas de deux, danseurs étoiles
but de Mbappé en finale | Oui-Oui dans sa voiture | chapeau de paille | aide-soignante à l'hôpital
aide de camp de Napoléon | et pourquoi pas un chat sur la lune ? | une lumière magnifique dans une cathédrale
beau gosse sur une moto | une tasse avec marqué « plus de café » | un bouton annuler
un néon avec écrit « change la vie » | l'homme qui voulait être plus grand | on veut un dragon | la lumière de Turner
plus belle la vie, affiche | un chat dans une rue de Paris la nuit | tu sais dessiner des chevaux ?
un chat qui dit merci | un homme qui change une roue | une fille avec un chapeau | petite maison dans la prairie
grande ville futuriste la nuit | vieille dame qui tricote | belle journée d'été à la campagne
beau paysage de montagne avec un lac | bonjour la France, carte postale | une pancarte « Au revoir »
la vie est belle, affiche de film | un enfant sans parapluie sous la pluie | forêt sombre avec de la brume
trois petits cochons | chat noir sur un toit | les trois mousquetaires à cheval | j'aimerais voir un dragon
peux-tu me dessiner un éléphant rose ? | est-ce que tu pourrais me faire une image d'un coucher de soleil ?
dessine la tour Eiffel | fais la tour Eiffel sous la neige | crée un logo pour mon restaurant | un super-héros sans cape
sirène au fond de la mer | le fond des océans | l'arrière d'un camion | une main qui efface un tableau
encore un matin, paysage brumeux | des lunettes posées sur un livre | mains d'un pianiste | yeux de loup dans la nuit
un vélo retourné au milieu de la route | merci ! maintenant dessine-moi une girafe | ok fais un lapin
trop bien ! un dinosaure maintenant | cool, un chevalier sur un dragon stp | l'ajout d'un étage à une maison
mets traditionnels japonais | voiture rouge sur une route de campagne | homme plus âgé lisant le journal au parc
affiche « Plus jamais seul » | les aventures de Tintin | salut les gars, dessine un pirate
un mouton noir parmi des moutons blancs | un bateau en papier dans le caniveau
la liberté guidant le peuple version chats | chute d'eau dans la jungle | sur la route de Madison, affiche
un robot qui fait la vaisselle, style pixar | un fond marin | une plage au coucher du soleil
la mer au coucher du soleil | un homme devant la tour Eiffel | petit robot triste sous la pluie
une sorcière sans balai | un ange avec des ailes noires | Marianne tenant un drapeau | le roi lion en version réaliste
une lettre qui commence par « Bonjour » | l'aide humanitaire en mer | l'arrivée d'un train
fille qui danse en robe rouge | un magasin de chapeaux | un homme en train d'enlever ses chaussures
une affiche « ne pas déranger » | salut la team, dessine un logo pour notre équipe
merci pour tout, maintenant dessine un aigle | dessine un chat avec un chapeau | le chat du Cheshire
une forêt enchantée plus vraie que nature | deux chevaliers qui se battent | les quatre saisons
fais un portrait de Napoléon | génère-moi une photo d'un loup | je veux voir un ours qui danse
j'veux une voiture volante | tu peux faire un dessin d'une licorne ? | pourrais-tu dessiner un arbre sans feuilles ?
est-ce que tu peux dessiner la lune ? | crée une image d'un homme qui enlève son masque | imagine une ville sous-marine
imagine un monde sans couleurs | un modèle de voiture ancienne | une aide à domicile avec une vieille dame
le dernier des Mohicans | première neige à Montréal | dernier métro | ancienne gare abandonnée | nouvelle maison en bois
un nouveau départ | originale lampe en bois | tout le monde danse dans la rue | toutes les planètes alignées
tour de magie | modification corporelle, cyborg | zoo de nuit | oublié dans la neige, un gant rouge
perdu dans la forêt | assiette de pâtes | assise d'une chaise en bois | logo pour « Sans Souci »
plat de pâtes à la carbonara | ville vue d'un avion | un visage flou dans la foule | vue de Paris depuis Montmartre
vue sur la mer depuis une fenêtre | ambiance de fête dans un village
en plein milieu du désert, une porte rouge se dresse | anime girl with blue hair | une lampe | un lion | a lighthouse
a lion in the snow | le lion | ombre et lumière dans un couloir | gomme à mâcher | échange de cadeaux sous le sapin
une robe rouge | un chapeau noir | lune rouge | un monde sans guerre | un village après la pluie
Paris sans la tour Eiffel | une chambre avec vue | le garçon au pyjama rayé | un tableau de maître effacé par le temps
un couple assis sur un banc | une voiture en noir et blanc | un arbre plus haut que les nuages
les trois petits cochons et le grand méchant loup | un panneau « Annuler » rouge | une affiche « Merci les soignants »
portrait de ma grand-mère, sourire doux, lumière dorée | carte d'anniversaire pour Léo | dessine un panda qui mange
fais une forêt | tu pourrais me dessiner un cheval ? | coucou ! je voudrais un chat astronaute
j'aimerais bien une image d'un port breton | merci, dessine maintenant un ours | Bonjour, un chien s'il vous plaît
un avion dans le ciel | deux enfants sur la plage | moi en pirate | un samouraï dans une forêt de bambous, style estampe
chien en costume | Mona Lisa | tortue ninja | encre de Chine, un héron | passage couvert à Paris
"""
FOREIGN = """
die hard poster | des moines skyline | sans serif poster | sans undertale | son goku | son of a gun | fond memories
met museum at night | monte carlo casino | sous vide steak | coupe car on the road | top hat | mince pie
bon voyage banner | les miserables poster | la la land | a plus size model on a runway | E.T. phone home
non stop party | mon calamari | place setting for two | retired man in a garden | passe partout and phileas fogg
une playa con palmeras | la luna llena | un perro en la luna | le mans race car | change purse on a table
a dessert menu | con artist | no parking sign on a wall | en garde, two fencers | merci card | au pair with kids
"""


@pytest.mark.parametrize("text", sentences(HINTED))
def test_greetings_questions_and_dislike_get_a_hint_everywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE, RECENT) == {("hint", 3)}


@pytest.mark.parametrize("text", sentences(IGNORED))
def test_thanks_praise_and_laughter_get_no_picture_anywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE, RECENT) == {("ignore", 3)}


@pytest.mark.parametrize("text", sentences(UNDONE))
def test_undo_goes_back_everywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE, RECENT) == {("undo", 3)}


@pytest.mark.parametrize("text", sentences(NEW))
def test_words_for_a_new_picture_generate_whatever_pictures_there_are(text: str) -> None:
    assert decided(text, *EVERYWHERE, RECENT) == {("generate", 4)}


@pytest.mark.parametrize("text", sentences(ANOTHER))
def test_another_one_is_no_prompt(text: str) -> None:
    assert decision_of(text, REPLY) == Decision("generate", 4, repeat=True)


@pytest.mark.parametrize("text", sentences(CHANGES))
def test_changes_edit_the_picture_there_is(text: str) -> None:
    assert by_picture(text, RECENT) == AS_A_CHANGE


@pytest.mark.parametrize("text", sentences(FRESH) + sentences(FOREIGN))
def test_fresh_subjects_generate_unless_a_picture_is_given(text: str) -> None:
    assert by_picture(text, RECENT) == AS_A_SUBJECT
