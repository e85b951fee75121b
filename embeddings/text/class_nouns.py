"""Nouns that say what kind of thing a name is of, by what such things have in common."""

PEOPLE = frozenset(
    """
    abbess abbot academic accountant activist actor actress admiral adventurer aerialist agronomist ambassador
    anatomist animator announcer anthropologist archaeologist archbishop archer architect archivist aristocrat
    artist assassin astrologer astronaut astronomer athlete author aviator bandleader banker baritone baron
    baseballer bassist bassoonist biathlete bibliographer biochemist biographer biologist bishop blogger bodybuilder
    botanist boxer broadcaster builder businessman businessperson businesswoman calligrapher canoeist captain
    cardinal caricaturist carpenter cartographer cartoonist catcher cellist chairman chancellor chef chemist
    chieftain choreographer cinematographer clarinetist clergyman cleric climber coach colonel columnist comedian
    commander commentator commissioner composer conductor congressman conservationist contralto cosmologist
    cosmonaut countess courtier cricketer criminal criminologist critic curator cyclist dancer defender designer
    dictator diplomat director discus-thrower diver dj dramatist drummer duke economist editor educator egyptologist
    emperor empress engineer engraver entertainer entomologist entrepreneur essayist ethnographer evangelist
    explorer feminist fencer filmmaker financier flautist flutist folklorist footballer forger forward
    freedom-fighter friar gangster general geneticist geographer geologist geophysicist goalkeeper goaltender
    goldsmith golfer governor guitarist gymnast historian host humanist humorist hurdler hymnist illustrator
    immunologist impresario industrialist inventor jeweller jockey journalist judge judoka jurist kickboxer king
    knight lawyer librarian librettist lieutenant linebacker linguist lyricist magician magistrate manager
    marathoner mathematician mayor merchant meteorologist microbiologist midfielder mineralogist minister missionary
    mobster model monarch monk mountaineer murderer musician musicologist mystic naturalist navigator neurologist
    neuroscientist neurosurgeon nobleman noblewoman novelist nun nurse nutritionist oceanographer officer organist
    orientalist ornithologist outfielder outlaw painter paleontologist pastor pathologist patriarch pediatrician
    percussionist person pharmacist philanthropist philologist philosopher photographer photojournalist physician
    physicist physiologist pianist pilot pirate pitcher planter player playwright poet poetess politician polymath pope
    potter preacher prelate premier presenter president priest prince princess printmaker producer professor
    programmer psychiatrist psychoanalyst psychologist publicist publisher puppeteer quarterback queen rabbi racer
    rapper revolutionary rower sailor saint saxophonist scholar scientist screenwriter sculptor senator
    serial-killer sheriff shortstop singer singer-songwriter sinologist skater skier snowboarder socialite
    sociologist soldier songwriter soprano sorcerer sprinter spy statesman statistician strategist striker
    suffragette sultan surgeon surveyor swimmer swordsman teacher tenor terrorist theologian theorist translator
    trombonist troubadour trumpeter tycoon urbanist vicar viceroy violinist violist virologist vocalist voice-actor
    warlord warrior weightlifter winger wrestler writer zoologist
    """.split()
)
PLACES = frozenset(
    """
    abbey airport archipelago arena atoll bay beach borough bridge building canal canyon cape capital castle
    cathedral cave cemetery church city commune community convent country county crater desert district dome emirate
    estate fjord forest fort fortress garden glacier gulf hamlet harbor harbour hill hotel island islet kingdom
    lagoon lake lighthouse locality mall mansion market monastery monument moon mosque mountain municipality museum
    nation neighborhood neighbourhood oasis observatory palace parish park peak peninsula place planet plateau port
    prefecture principality prison province racecourse ranch ravine region republic reservoir resort river road sea
    seaport settlement shrine skyscraper square stadium star state station strait stream street sub-prefecture
    subdistrict suburb summit synagogue temple territory theater theatre tower town township tributary valley
    village volcano waterfall wilderness zoo
    """.split()
)
WORKS = frozenset(
    """
    album anime anthology ballad ballet book cantata cartoon comedy comic compilation concerto documentary drama
    epic essay fairy-tale film franchise game hymn journal magazine manga miniseries movie musical newspaper novel
    novella opera operetta oratorio painting periodical play podcast poem program programme sculpture series show
    single sitcom soap sonata song soundtrack statue story symphony tabloid telenovela thriller tragedy trilogy
    weekly
    """.split()
)
GROUPS = frozenset(
    """
    academy agency airline association automaker band bank battalion brand brewery brigade broadcaster channel
    charity choir church clan club college committee company confederation conglomerate congregation corporation
    council duo dynasty ensemble family federation firm foundation gang group gymnasium hospital institute
    institution junta label laboratory league manufacturer ministry movement navy network orchestra organisation
    organization party people producer publisher quartet quintet railroad railway regiment school sect seminary
    society squadron station subsidiary team think-tank tribe trio troupe union university
    """.split()
)
THINGS = frozenset(
    """
    accident acid aircraft airliner alloy amplifier antibiotic antidepressant award battle battleship beer bill
    biplane bird board-game bomb bomber breed car ceremony championship character cheese cocktail coin comet
    competition computer console constellation cruiser cuisine currency dance destroyer dinosaur disease dish
    disorder dog drink drug empire engine enzyme event festival fighter fish flower frigate fruit fungus galaxy
    genre genus god goddess gun helicopter holiday hormone horse incident insect instrument interceptor language
    laptop law legend locomotive machine martial-art massacre material medal medication microprocessor mineral
    minicomputer missile molecule monoplane motorcycle mushroom nebula ocean-liner orchid organism parasite phone
    platform poison processor projectile protein protocol racehorse rebellion rifle robot rocket satellite schooner
    scooter ship shrub siege smartphone software spacecraft species spider sport steamship submarine supercomputer
    superhero supervillain sword symptom syndrome tank tournament tracked-vehicle train trainer treaty tree uprising
    vehicle vessel virus war warship watercraft weapon website wine yacht
    """.split()
)
KINDS = {"people": PEOPLE, "places": PLACES, "works": WORKS, "groups": GROUPS, "things": THINGS}
"""A noun may be of several: a broadcaster is somebody or a company."""

REGIONS = frozenset(
    """
    Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|
    Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|
    Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|
    Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|
    West Virginia|Wisconsin|Wyoming|Puerto Rico|Alberta|British Columbia|Manitoba|New Brunswick|Newfoundland|
    Nova Scotia|Ontario|Quebec|Saskatchewan|New South Wales|Queensland|South Australia|Tasmania|Victoria|
    Western Australia|England|Scotland|Wales|Northern Ireland|Bavaria|Saxony|Catalonia|Andalusia|Sicily|Tuscany|
    Lombardy|Brittany|Normandy|Cornwall|Devon|Dorset|Kent|Essex|Sussex|Surrey|Norfolk|Suffolk|Yorkshire|Lancashire|
    Gujarat|Kerala|Tamil Nadu|Karnataka|Maharashtra|Punjab|Rajasthan|Uttar Pradesh|West Bengal|Bihar|Odisha|Assam|
    Afghanistan|Albania|Algeria|Angola|Argentina|Armenia|Australia|Austria|Azerbaijan|Bangladesh|Belarus|Belgium|
    Bolivia|Bosnia and Herzegovina|Botswana|Brazil|Bulgaria|Cambodia|Cameroon|Canada|Chile|China|Colombia|Croatia|
    Cuba|Cyprus|Czech Republic|Denmark|Ecuador|Egypt|Estonia|Ethiopia|Finland|France|Germany|Ghana|Greece|Guatemala|
    Haiti|Hungary|Iceland|India|Indonesia|Iran|Iraq|Ireland|Israel|Italy|Jamaica|Japan|Kazakhstan|Kenya|Kosovo|Kuwait|
    Laos|Latvia|Lebanon|Libya|Lithuania|Luxembourg|Madagascar|Malaysia|Malta|Mexico|Moldova|Mongolia|Morocco|
    Mozambique|Myanmar|Namibia|Nepal|Netherlands|New Zealand|Nicaragua|Nigeria|North Korea|Norway|Oman|Pakistan|Panama|
    Paraguay|Peru|Philippines|Poland|Portugal|Qatar|Romania|Russia|Rwanda|Saudi Arabia|Senegal|Serbia|Singapore|
    Slovakia|Slovenia|Somalia|South Africa|South Korea|Spain|Sri Lanka|Sudan|Sweden|Switzerland|Syria|Taiwan|Tanzania|
    Thailand|Tunisia|Turkey|Uganda|Ukraine|Uruguay|Uzbekistan|Venezuela|Vietnam|Yemen|Zambia|Zimbabwe
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)
"""Countries and their best known parts: ``Galena, Illinois`` is a place in one."""
