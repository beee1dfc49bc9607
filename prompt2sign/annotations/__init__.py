"""How texts and their times are read: tables, subtitles, annotation tiers, and the names by which they call files."""
