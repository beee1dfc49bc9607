"""Words that tell what a cue's signs mean: sounds in brackets, and abbreviations whose point ends no sentence.

Languages by the first part of their tag: en, de, fr, it, es, ko, tr.
"""

from __future__ import annotations

#: Beginnings of words that describe a sound, as regular expressions.
SOUNDS = (
    # English
    "music", "applau", "clapp", "cheer", "laugh", "chuckl", "giggl", "sigh", "sob", "coughs?\\b", "coughing", "gasp",
    "groan", "scream", "shout", "whisper", "silence", "inaudible", "unintelligible", "indistinct", "noises?\\b",
    "sounds?\\b", "singing", "sings\\b", "speak(?:s|ing) (?:in )?\\w+$", "footsteps", "bells?\\b", "ringing", "knock",
    "bark", "thunder", "beep", "no (?:audio|sound|speech)", "clears throat",
    # German
    "musik", "titelm", "applaus", "beifall", "klatsch", "jubel", "lach(?:t|en|er)", "gelächter", "seufz", "schluchz",
    "weint?\\b", "hust", "schrei", "flüster", "stille\\b", "unverständlich", "geräusch", "klingel", "glocke",
    "schritte", "gesang", "singt\\b", "räusper", "klopf", "donner", "piep", "stimmengewirr", "ohne ton",
    # French
    "musique", "applaud", "rires?\\b", "rit\\b", "soupir", "sanglot", "pleure", "toux", "tousse", "cris?\\b", "chuchot",
    "bruit", "sonnerie", "cloche", "chante", "sans son",
    # Italian
    "musica", "risat", "ride\\b", "ridono", "sospir", "singhiozz", "piang", "tossi", "tosse", "grida", "sussurr",
    "silenzio", "incomprensibile", "rumor", "squill", "campan[ae]", "passi\\b", "canta\\b", "senza audio",
    # Spanish
    "música", "aplaus", "risas?\\b", "ríe", "suspir", "solloz", "llora", "llanto", "tos\\b", "tose\\b", "grit[ao]",
    "susurr", "silencio", "ininteligible", "ruido", "sonido", "timbre\\b", "pasos\\b", "sin audio",
    # Korean
    "음악", "노래", "박수", "환호", "웃음", "웃으", "한숨", "울음", "기침", "비명", "속삭", "침묵", "정적", "\\w*소리",
    # Turkish
    "müzik", "alkış", "tezahürat", "gül(?:er|üyor|üş|me)", "kahkaha", "iç çek", "hıçkır", "ağla", "öksür", "çığlık",
    "bağır", "fısıl", "sessizlik", "anlaşılm", "gürültü", "ses(?:i|ler)", "zil\\b", "çan\\b", "şarkı",
)  # fmt: skip

#: Words that end with a point inside a sentence, without that point, in lower case. Those that often end one
#: themselves (etc., usw., ecc.) are not among them.
ABBREVIATIONS = {
    "en": ("mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "e.g", "i.e", "u.s", "gov", "gen", "col", "capt",
           "lt", "sgt", "sen", "rep", "rev", "hon", "dept", "approx", "no", "fig", "jan", "feb", "aug", "sept", "oct",
           "nov", "dec"),
    "de": ("z.b", "d.h", "u.a", "i.d.r", "o.ä", "bzw", "ca", "dr", "prof", "dipl", "ing", "nr", "str", "hr", "fr",
           "st", "evtl", "ggf", "inkl", "exkl", "mio", "mrd", "tel", "vgl", "sog", "abs", "bspw", "max", "min",
           "jan", "feb", "aug", "sept", "okt", "nov", "dez"),
    "fr": ("m", "mm", "mme", "mlle", "dr", "pr", "me", "st", "ste", "p.ex", "env", "av", "bd", "no", "janv", "févr",
           "juill", "sept", "oct", "nov", "déc"),
    "it": ("sig", "sig.ra", "sigg", "dott", "dott.ssa", "prof", "prof.ssa", "ing", "avv", "on", "es", "p.es", "pag",
           "art", "s", "gen", "feb", "sett", "ott", "nov", "dic"),
    "es": ("sr", "sra", "sres", "srta", "dr", "dra", "prof", "lic", "ing", "arq", "ud", "uds", "ee.uu", "p.ej", "av",
           "núm", "nro", "pág", "gral", "cnel", "ene", "feb", "sept", "oct", "nov", "dic"),
    "ko": (),
    "tr": ("dr", "prof", "doç", "yrd", "av", "sn", "örn", "bkz", "alb", "gen", "mah", "cad", "sok", "no", "t.c"),
}  # fmt: skip

#: Languages that write the third as `3.`
ORDINAL_POINT = frozenset(("de", "tr"))
