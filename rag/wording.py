"""Words that turn a sentence's meaning: opposites, quantifiers, and words that hedge."""

# Each side is a set of stems' whole words; a sentence with one side contradicts one with the other.
_OPPOSITES = """
    increase increases increased increasing rise rises rose risen rising grow grows grew \
        grown growing climb climbed climbing gain gained surge surged jump jumped soar \
        soared | decrease decreases decreased decreasing decline declines declined declining \
        fall falls fell fallen falling drop drops dropped dropping shrink shrank shrunk \
        plunge plunged reduce reduces reduced reducing
    more higher greater larger bigger | less fewer lower smaller
    highest largest biggest greatest | lowest smallest fewest
    before earlier prior | after later following
    above over exceed exceeds exceeded | below under
    first | last
    win wins won winning | lose loses lost losing
    accept accepts accepted agree agrees agreed | reject rejects rejected refuse refused
    approve approves approved | reject rejects rejected disapprove disapproved
    support supports supported supporting | oppose opposes opposed opposing
    allow allows allowed permit permits permitted | ban bans banned forbid forbidden \
        prohibit prohibits prohibited prevent prevents prevented
    open opens opened opening | close closes closed closing
    buy buys bought buying | sell sells sold selling
    hire hires hired | fire fires fired dismiss dismissed
    begin begins began begun start starts started | end ends ended finish finished stop \
        stops stopped
    arrive arrives arrived | leave leaves left depart departs departed
    positive | negative
    possible able | impossible unable
    likely | unlikely
    legal | illegal
    guilty | innocent acquitted
    alive | dead died
    success successful succeed succeeded | failure unsuccessful fail failed fails
    better best | worse worst
    fast faster quickly | slow slower slowly
    strong stronger | weak weaker
    hot hotter warm warmer | cold colder cool cooler
    new newer | old older
    early | late
    public | private
    north northern | south southern
    east eastern | west western
    male man men | female woman women
    son | daughter
    husband | wife
    father | mother
    brother | sister
    safe | dangerous unsafe
    import imports imported | export exports exported
    include includes included including | exclude excludes excluded excluding
    love loves loved like likes liked | hate hates hated dislike dislikes disliked
    happy | unhappy sad
    easy easier | difficult hard harder
    cheap cheaper | expensive
    expand expands expanded expanding | contract contracts contracted contracting
    strengthen strengthens strengthened | weaken weakens weakened
    maximum | minimum
    majority | minority
    day daytime | night nighttime
    always | never
    all every everyone everything | none nobody nothing
"""
OPPOSITES: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (frozenset(one.split()), frozenset(other.split()))
    for one, _, other in (line.partition("|") for line in _OPPOSITES.strip().splitlines())
)

# A claim with a word of the first needs one of it in the evidence: others say less.
ABSOLUTE = frozenset("all every everyone everything always only entire entirely none never".split())
PARTIAL = frozenset(
    """some many most several few sometimes often usually generally mostly partly partially half
    typically occasionally rarely""".split()
)
# Words that carry a statement and are not what it states: a paraphrase has others in their place.
FRAMING = frozenset(
    """according account accordingly actual actually add added adding addition additional
    additionally adds advise advises advised agree agreed agrees agreeing allow allows allowing
    along already although altogether amount announce announced announces another answer appear
    appears around ask asked asking asks aspect aspects author based basically become becomes
    became begin being bring bit call called calling calls case cases cause caused causes causing
    certain clearly come comes commonly conclude conclusion confirm confirmed confirms
    consequently consist consists contact contain contains contrast currently decide decided
    decides depending describe described describes detail details different discuss discussed
    discusses discussing due during easily either email encourage encourages end ends especially
    essentially even eventually everything example explain explained explaining explains express
    expressed expresses fact factor factors finally find finds first follow followed following
    follows form found furthermore general generally get gets getting give given gives giving go
    goes going group happen happens help helps hence however important include included includes
    including indeed inform informed informs initially instead interested introduce introduces
    invite invited invites involve involves itself keep kind know known knows last lastly later
    lead leads least let like likely made main mainly make makes making manner many may maybe mean
    means mention mentioned mentioning mentions method methods moreover much must name named
    namely need needed needs nevertheless next normally note noted notes number numerous occur
    occurs offer offered offering offers often one order otherwise overall part particular
    particularly people person place possible possibly present presents previously primarily
    problem process propose proposed proposes proposing provide provided provides providing put
    question quite rather reason reasons receive receives recommend recommended recommends refer
    refers regarding related relatively remain remains reply replied replies report reported
    reports request requested requests require required requires respond responded responds result
    resulting results said say says second see seem seems seen sent several share shared shares
    show showed showing shown shows similar similarly simply since something specific specifically
    start state stated states still subsequently suggest suggested suggesting suggests take taken
    takes taking talk talked talking talks tell tells term terms text therefore thing things think
    though three thus time together told took topic towards try tries two type types typically
    ultimately unk upon use used useful uses using usually various via want wanted wants way ways
    well whereas whether within without word words work working works would yes yet""".split()
)
