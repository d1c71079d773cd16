"""Generate or edit: the eight rules, on Spanish sentences as different people write them."""

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
hola | Hola! | holaa | holi | buenas | ¡Buenos días! | buenas tardes easel | buenas noches | qué tal? | que tal
¿Qué tal estás? | cómo estás? | como andas | que onda | adiós | chao | hasta luego | nos vemos | ¿quién eres?
quien sos | ¿Qué puedes hacer? | que sabes hacer | qué haces? | ayuda | Ayuda por favor | necesito ayuda | me ayudas?
¿cómo funciona esto? | como se usa | ¿Cómo puedo editar una imagen? | cuanto cuesta? | es gratis? | casi
¿Qué modelo usas? | qué tamaños hay? | hablas español? | ¿entiendes español? | puedes editar imágenes?
sabes dibujar? | cuánto tarda? | por qué tardas tanto? | eres un bot? | eres una ia | qué es esto? | que es easel
no entiendo | no entiendo nada | no funciona | no me gusta | no me gusta nada | qué feo | está feo | eso está mal
no es lo que quería | no es lo que te pedi | se ve raro | ¿Puedo subir una foto? | Hola, ¿quién eres?
"""
IGNORED = """
gracias | ¡Gracias! | muchas gracias | mil gracias | graciass | grax | muchísimas gracias por la imagen
te lo agradezco | perfecto | Perfecto, gracias | genial | qué bonito | que lindo! | que chulo | qué guay
está genial | me encanta | me encantaa | Me encanta cómo quedó el cielo | me gusta mucho | La luz es preciosa
los colores son increíbles | el zorro es monísimo | qué colores tan bonitos | quedó hermoso | te quedó muy bien
ha quedado genial | se ve increíble | buen trabajo | bien hecho | buenísimo | brutal | una pasada | q pasada
de lujo | wow qué bonito | jajaja | JAJAJAJA | jeje | jajaja me muero | xd | ok | vale | vale gracias | okey | sí
no | nop | claro | de acuerdo | entendido | listo | dale | bueno | justo lo que quería | así está perfecto
eso es justo lo que quería | eres un crack | eres el mejor | amo esto | lo amo | hermoso | precioso | 👏👏 bravo
espectacular, muchas gracias | está re bueno | está padrísimo | chido | bacán | de nada | no está mal | nada mal
el sombrero le queda genial | Dios mío qué maravilla
"""
UNDONE = """
deshacer | deshaz eso | deshazlo | deshacelo porfa | deshaz el último cambio | vuelve atrás | volver atrás
vuelve a la anterior | volvé a la anterior | regresa a la imagen anterior | puedes volver a la versión anterior?
la anterior por favor | imagen anterior | atrás | un paso atrás | la anterior era mejor | prefiero la anterior
me gustaba más la anterior | la de antes estaba mejor | como estaba antes | déjalo como estaba
dejala como estaba antes | revertir | revierte el cambio | recupera la imagen anterior | restaura la original
quiero la anterior | no, vuelve atrás | undo porfa | regrésala a como estaba | cancela el último cambio
quita el último cambio | muéstrame la anterior | ponlo como antes
"""
ANOTHER = """
otra vez | de nuevo | otra | otra más | una más | otra por favor | inténtalo de nuevo | intenta otra vez
hazlo otra vez | hazlo de nuevo | repite | otra imagen | dame otra | genera otra | una diferente | prueba otra vez
genial, otra | gracias, una más
"""
NEW = """
hazme una imagen nueva de un perro | dibújame una imagen nueva: dos búhos | otra imagen de un gato por favor
dibuja otra imagen, un faro | nueva imagen: un robot bajo la lluvia | ahora hazme otra imagen de un zorro
gracias! haz otra imagen de un árbol | algo completamente distinto: una tetera | otra cosa: un caballo
olvida eso, dibuja un caballo | olvídalo, haz un castillo | empieza de cero: un lago de montaña
empecemos de nuevo, un coche azul | desde cero, una ciudad | no me gusta, dibuja otra imagen de un oso
¿me puedes hacer otra imagen del mar? | quiero una imagen nueva con girasoles | quiero otra foto de un elefante
crea una nueva imagen de una ciudad de noche | genera una imagen completamente nueva, un tren
nueva idea: un tiburón con traje | Siguiente imagen: un elefante | podrias dibujar otro dibujo de un dragon
cambio de tema, un pirata | ahora otro dibujo, una sirena | dibuja otro perro
"""
CHANGES = """
hazlo de noche | hazla más clara | más claro | mas oscuro | más oscuro por favor | un poco más claro | noche
un poquito mas de luz | mucho más grande | más contraste | menos saturación | mas nieve | más luz porfa
¿puedes hacerlo más claro? | podrías ponerlo un poco más cálido por favor | quita el sombrero
¿Podría usted quitar el sombrero, por favor? | quítale el sombrero | quitale el gorro | sácale el sombrero
sacale el gorro porfa | elimina el texto | borra a la gente | borra el fondo | sin sombrero | sin el sombrero
pero sin el sombrero | ahora con nieve | con nieve | con un sombrero rojo | en blanco y negro | blanco y negro
b/n porfa | de noche | que sea de noche | al atardecer | en invierno | al óleo | como una pintura al óleo
como pintura al oleo | estilo acuarela | en estilo anime | al estilo de Van Gogh | estilo Ghibli | desde arriba
visto desde arriba | de lado | aleja la cámara | acércalo | zoom out porfa | haz zoom | fondo borroso
desenfoca el fondo | quita el fondo | cambia el fondo | cambia el fondo por una playa | cambiale el color al coche
cambia el perro por un gato | reemplaza el perro con un gato | sustituye el perro por un gato
un gato en vez del perro | un gato en lugar del perro | el cielo está demasiado oscuro | demasiado oscuro
muy oscuro | está muy oscura | está demasiado saturado | le falta luz | falta un sombrero | le falta un sombrero
le sobra el texto | faltan estrellas | el perro debería ser más grande | el fondo debería ser azul
el fondo tiene que ser azul | que sonría | que el perro sonría | haz que sonría | haz que nieve | ponle un sombrero
pónle gafas | ponle unas gafas de sol al perro | pon nieve | pon un árbol a la derecha | ponele un gorro
agrega un sombrero | agregale nieve | añade un sombrero | anade un arbol a la izquierda | añádele barba
mete un gato al lado | escribe "Feliz cumpleaños" arriba | escríbele Hola abajo | dibújale un sombrero
píntalo de rojo | pinta el coche de rojo | haz el cielo más azul | haz los ojos más grandes | el pelo más largo
pelo rojo | el coche en rojo | el coche que sea rojo | todo en azul | conviértelo en acuarela
transforma la foto en un dibujo | gíralo 90 grados | gira la imagen | recorta la imagen | recórtala en cuadrado
ojos más grandes | mejora la calidad | dale un fondo nuevo | ponle otro fondo | otro fondo | otro color
fondo nuevo porfa | mismo perro pero de noche | lo mismo pero en azul | la misma imagen sin texto
otra vez pero con nieve | igual pero de noche | hazlo mas cozy | hazlo más aesthetic | remueve el background
make el cielo azul | gracias! ahora con nieve | gracias, ahora de noche | qué bonito, pero un poco más claro
genial pero sin el sombrero | me gusta, ¿puedes quitar el fondo? | jajaja ponlo calvo | hola, quítale el sombrero
¿qué tal con nieve? | y si fuera de noche? | y si le pones un sombrero | cómo se vería en invierno?
me gustaría que fuera de noche | quiero que sea más oscuro | quiero el fondo azul | lo quiero más oscuro
la quiero de noche | necesito que quites el texto | preferiría un tono más cálido | creo que está muy oscuro
las manos están mal | arregla las manos | corrige la cara | el resto igual pero el perro negro | no tan oscuro
menos oscuro | sin texto | nada de texto | colores más cálidos | tonos más cálidos | al fondo unas montañas
en el fondo montañas | a la derecha un árbol | vuélvelo de día | vuelve a ponerlo de día | regresa el cielo a azul
hacelo mas grande | podés sacarle el fondo? | dejalo en blanco y negro | súbele el brillo | bájale la saturación
sube el contraste | aumenta el brillo un poco | que tenga barba | que lleve gafas | que se vea más viejo
hazlo parecer una foto vieja | dale más color | ¿Se puede quitar el texto? | quisiera que el cielo fuese más azul
"""
FRESH = """
un zorro rojo en la nieve | un gato en bicicleta | dibuja un perro | dibújame un gato | hazme un dragón
hazme una imagen de un faro | ¿puedes dibujarme un castillo? | podrías hacer un dibujo de un lago | luna
quiero una imagen de un caballo | me gustaría una foto del mar | dame una nave espacial | bosque
una mujer quitándose el sombrero | un hombre que quita la nieve de la calle | una mujer sin sombrero junto al mar
un perro más rápido que un coche | una casa con puerta roja | un cartel que dice hola | un cartel de gracias
tarjeta de gracias con flores | ¡Ayuda! película de los Beatles | Sin City | sin city skyline at night
Sin título, pintura abstracta | Con faldas y a lo loco, cartel | Con el viento en popa, un velero
con artist in a suit | No es país para viejos, póster | no man's sky landscape
Más allá de las estrellas | Mas alla del horizonte, barco | más rápido que la luz, una nave
Más vale tarde que nunca, tipografía | Menos es más, póster minimalista | Volver al futuro con gatos
Volver, película de Almodóvar | regreso al futuro | De noche todos los gatos son pardos
Al atardecer, un pescador en su barca | En un lugar de la Mancha
En el fondo del mar, un pulpo | Nueva York de noche | Nuevo México, desierto | nueva zelanda montañas
Genial inventor en su laboratorio | Linda chica con flores | hermosa mujer con vestido rojo
bonito pueblo en la montaña | precioso atardecer en la playa | perfecta simetría en un palacio
increíble Hulk en la ciudad | Buenos Aires de noche | Buenas noches luna, cuento infantil | Hola Mundo en neón
Hello Kitty en el espacio | viejo barbudo | oscuro bosque con niebla | Claro de luna sobre el lago
Caperucita roja | el perro de San Roque | El cielo de Madrid | El fondo del océano | La última cena con gatos
El último samurái | La cara oculta de la luna | Los colores del otoño | Las manos de un anciano
El color púrpura, cartel de cine | La luz al final del túnel | un pintor pinta el cielo de azul
una chica que cambia de color como un camaleón | un mago que borra la luna | gracias! dibuja un perro
hola, dibuja un árbol por favor | genial, ahora dibuja un castillo | ahora un perro | ahora dibuja un perro
qué tal un gato en bicicleta? | ¿cómo se vería un gato en el espacio? | muéstrame un robot jugando al ajedrez
una foto de Times Square de noche | un paisaje al estilo de Van Gogh | Quito al amanecer
Ponferrada, castillo templario | Sacapuntas gigante | Cambio de guardia en Buckingham | 3 gatos en una cesta
un coche azul, no rojo, con más luces | faro en la tormenta, luz dramática, más detalle | la casa de papel
Dame Judi Dench | notre dame at night | son goku | red dragon | once upon a time | una sandía con gafas
logo para una cafetería llamada Otra Vez | abuela haciendo galletas | el niño le pone un sombrero a su perro
Que viva México, mural | Qué bello es vivir, cartel | Mujeres al borde de un ataque de nervios
Todo sobre mi madre, póster | Se busca, cartel del oeste | noche estrellada | Noche en París | invierno en Moscú
atardecer en la playa | mayor of a small town | pan flute player | a dessert menu
"""
# written without a look at the rules
MORE_HINTED = """
Buenas tardes, ¿qué sabe hacer usted? | como guardo la imagen | puedes hacer videos? | holaa que tal
por qué tarda tanto? | no me gusta cómo quedó | uy qué feo quedó | hay un tutorial? | Muy buenos días
"""
MORE_IGNORED = """
Muchísimas gracias, es una imagen preciosa | wow te quedó increíble | gracias!! perfecto | jajajaj me encanta
el fondo quedó espectacular | los colores me gustan mucho | jajaja no puedo más | está bien, gracias | re lindo
qué hermosura, gracias | ay qué ternura | quedó muy padre
"""
MORE_UNDONE = """
vuelve a la imagen anterior por favor | deshaz los cambios | me gusta más la anterior | quiero volver a la anterior
regresa un paso | déjala como antes | No, vuelve a la original
"""
MORE_NEW = """
¡Gracias! Y ahora una imagen nueva: un velero | por favor otra imagen distinta, un molino en primavera
haz otra cosa, un alien en patineta | ¿Podría hacerme otro dibujo de una rosa? | olvida todo eso, haz un coche
"""
MORE_CHANGES = """
¿Podría aclarar un poco el fondo, por favor? | pon el cielo morado | el gato que esté dormido | quítale los lentes
me gustaría un arcoíris al fondo | puedes borrar a la persona de la izquierda? | el pelo más corto porfa
el perro se ve muy enojado | súbele el contraste | un poco menos de niebla | como foto en blanco y negro
todo en estilo comic | ahora lo mismo pero en otoño | ponle una corona al gato | haz que la mujer se ría
Genial, gracias! ¿Puedes agregar unas nubes? | mas vibes | agrega por favor un arbol | píntale el pelo de azul
sobra un dedo | la nariz es demasiado grande | cambia rojo por azul | más dramático | al atardecer | con gafas de sol
recórtalo cuadrado | el texto está mal escrito | hazlo más grande | hazlo más joven | colores más fuertes
en la playa | preferiría el perro marrón | dale pelo rojo | que esté lloviendo | no tanta gente en el fondo
mas oscuro aun!! | elimina por favor la sombra debajo del coche, molesta | le puedes quitar la barba?
ponlo en una playa con palmeras | la cara está deformada | sin la gente de atrás | me lo haces más alegre?
"""
MORE_FRESH = """
Un viejo pescador remienda sus redes | campo de flores al amanecer | un dragon comiendo pizza
Foto antigua de una estación
una ciudad sin coches | El caminante sobre el mar de nubes | dos niños haciendo un muñeco de nieve
gato negro en un sofá rojo | Dibújeme por favor un cuadro de mi jardín | me puedes dibujar un castillo
La metamorfosis de Kafka en cómic | una habitación con demasiados libros | Caperucita y el lobo
El último unicornio | un hombre cambia su peinado en la peluquería | Gran oso en el bosque
un robot que se quita la cabeza | gracias, ahora hazme un caballo | Ayudante de cocina en un restaurante
Buenos días princesa, postal | Pequeña bruja volando sobre la ciudad | nuevo día, nueva vida, calendario
repuestos sobre una mesa de taller | Locura total, portada de libro | perrito con corbata
sombrero de paja sobre una silla
Pon la mesa, ilustración infantil | ojos de gato en la oscuridad | la noche estrellada de van gogh con gatos
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
