//! What sample records are made of. Letters beyond ASCII are in it on purpose: real names have them.

pub(super) const FIRST_NAMES: &[&str] = &[
    "Ada", "Amélie", "Anil", "Björn", "Carla", "Chidi", "Dana", "Elif", "Emeka", "Freya", "Giulia", "Hana",
    "Ines", "Ivan", "José", "Kaito", "Lena", "Mateus", "Mei", "Nadia", "Noor", "Oskar", "Priya", "Quentin",
    "Rania", "Søren", "Tomás", "Uma", "Viktor", "Wanjiru", "Ximena", "Yusuf", "Zoë",
];

pub(super) const LAST_NAMES: &[&str] = &[
    "Abara",
    "Bianchi",
    "Castillo",
    "Dubois",
    "Eriksen",
    "Fischer",
    "García",
    "Haddad",
    "Ito",
    "Jansen",
    "Kowalska",
    "Lindqvist",
    "Müller",
    "Nakamura",
    "O'Brien",
    "Papadaki",
    "Quiroga",
    "Rossi",
    "Sato",
    "Tanaka",
    "Uzun",
    "Varga",
    "Wójcik",
    "Xu",
    "Yılmaz",
    "Zieliński",
];

pub(super) const COMPANIES: &[&str] = &[
    "Alder", "Basalt", "Cobalt", "Delta", "Ember", "Fjord", "Granite", "Harbor", "Indigo", "Juniper",
    "Kestrel", "Lumen", "Meridian", "Nimbus", "Orchard", "Pinnacle", "Quarry", "Ridge", "Saffron", "Tundra",
    "Umbra", "Vertex", "Willow", "Zephyr",
];

pub(super) const SUFFIXES: &[&str] = &[
    "Bank",
    "Biotech",
    "Construction",
    "Foods",
    "Labs",
    "Logistics",
    "Media",
    "Motors",
    "Partners",
    "Systems",
];

pub(super) const TITLES: &[&str] = &[
    "Account Executive",
    "Buyer",
    "CEO",
    "CFO",
    "CTO",
    "Data Engineer",
    "Director of Sales",
    "Head of Operations",
    "Office Manager",
    "Procurement Lead",
    "VP Marketing",
];

/// City, state or region, country.
pub(super) const CITIES: &[(&str, &str, &str)] = &[
    ("Austin", "TX", "United States"),
    ("Boston", "MA", "United States"),
    ("Kraków", "Małopolska", "Poland"),
    ("Lagos", "Lagos", "Nigeria"),
    ("Lyon", "Auvergne-Rhône-Alpes", "France"),
    ("Malmö", "Skåne", "Sweden"),
    ("München", "Bayern", "Germany"),
    ("Osaka", "Osaka", "Japan"),
    ("Porto", "Porto", "Portugal"),
    ("Pune", "Maharashtra", "India"),
    ("São Paulo", "SP", "Brazil"),
    ("Toronto", "Ontario", "Canada"),
];

/// Name and type of campaigns.
pub(super) const CAMPAIGNS: &[(&str, &str)] = &[
    ("Autumn Webinar", "Webinar"),
    ("Customer Conference", "Conference"),
    ("Export Fair", "Trade Show"),
    ("Partner Dinner", "Partners"),
    ("Product Launch", "Email"),
    ("Spring Mailing", "Direct Mail"),
    ("Win Back", "Telemarketing"),
];

/// What deals are about.
pub(super) const DEALS: &[&str] = &[
    "Cold storage",
    "Control cabinets",
    "Fleet renewal",
    "Licence extension",
    "Maintenance contract",
    "Pilot plant",
    "Roll-out phase 2",
    "Solar roof",
    "Spare parts",
    "Training days",
];

/// What cases are about.
pub(super) const COMPLAINTS: &[&str] = &[
    "Alarm after power cut",
    "Cannot log in to the portal",
    "Delivery was incomplete",
    "Display stays dark",
    "Invoice shows the wrong address",
    "Motor runs hot",
    "Noise when starting",
    "Please change the delivery date",
    "Seal is leaking",
];

/// What there is to do.
pub(super) const TASKS: &[&str] =
    &["Call", "Email", "Send Letter", "Send Quote", "Prepare meeting", "Ask for reference"];
