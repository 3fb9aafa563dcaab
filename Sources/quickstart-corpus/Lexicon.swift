/// The morphemes and words that names are composed of. Does not contain complete names of drugs or diseases.
enum Lexicon {
  // Drugs: two or three syllables and a stem of the International Nonproprietary Names.
  static let drugOnsets = words(
    "al bel bri ca cel da del do el em fa fel fi ga gli ib il ka ki lam le lor ma mel mi na nel no o or pa pel po qui ra "
      + "rel ri sa sel so ta tel ti u va vel vi xa xel ya za zel zi")
  static let drugMiddles = words(
    "ba be bri ca ci co da de di fe fo ga gi ko la li lo ma me mo na ne ni pa pe pi ra re ri ro sa se so ta te ti va ve vo za"
  )
  static let drugStems = words(
    "limab zumab tuximab umab tinib ciclib rafenib parib olol alol statin pril sartan prazole gliptin gliflozin glutide "
      + "buvir tegravir navir ciclovir cillin mycin floxacin conazole azepam triptan setron dronate parin xaban grel dipine "
      + "zosin caine oxetine peridone lukast rubicin platin taxel citabine trexate profen coxib terol tropium fibrate semide "
      + "thiazide barbital gabalin racetam quine bendazole cycline")
  static let salts = words("hydrochloride sodium mesylate acetate maleate tartrate phosphate besylate")
  static let drugForms = words("liposomal pegylated micronised")

  // Conditions: a root and a suffix.
  static let roots = words(
    "nephr hepat cardi gastr enter col proct pancreat splen aden lymphaden thyr neur mening myel encephal cerebell ophthalm "
      + "kerat uve retin labyrinth rhin laryng trache bronch pneumon pleur arthr chondr oste my tend burs fasci dermat trich "
      + "onych stomat gloss gingiv odont cheil esophag cholecyst cholangi ureter cyst urethr prostat orchi oophor salping metr "
      + "colp mast phleb arteri angi lip spondyl dactyl omphal blephar sialaden tonsill epiglott pericard endocard valvul"
  )
  static let diseaseSuffixes = words(
    "itis osis opathy oma osclerosis odystrophy omalacia olithiasis ofibrosis oblastoma osarcoma oangioma omegaly onecrosis "
      + "odysplasia ostenosis oatrophy ohypoplasia otuberculosis oamyloidosis")
  static let eventSuffixes = words(
    "algia odynia orrhagia oedema ospasm oparesis otoxicity openia orrhea oplegia oulceration ohaemorrhage itis opathy osis "
      + "onecrosis omegaly othrombosis")
  static let adjectiveSuffixes = words("itic otic opathic omatous otropic ogenic")
  static let courses = words(
    "acute chronic recurrent idiopathic familial juvenile autoimmune granulomatous eosinophilic ischaemic necrotising "
      + "hereditary congenital diffuse focal multifocal relapsing refractory metastatic primary secondary seronegative "
      + "fibrosing haemorrhagic toxic subacute membranous lymphocytic interstitial obstructive")
  static let grades = [
    "type 1", "type 2", "type II", "stage III", "stage IV", "late - onset", "early - onset", "end - stage",
    "X - linked", "autosomal recessive", "non - alcoholic", "post - infectious", "small - cell", "HLA - associated",
  ]
  static let siteAdjectives = words(
    "renal hepatic pulmonary cerebral spinal retinal gastric colonic pancreatic cutaneous muscular vestibular optic cardiac "
      + "aortic venous pleural biliary ovarian uterine thyroid adrenal pituitary parotid mandibular cervical lumbar thoracic"
  )
  static let siteNouns = words(
    "kidney liver lung spleen pancreas stomach colon rectum bladder prostate ovary thyroid larynx tongue retina cornea aorta "
      + "femur tibia humerus sternum scalp breast pleura peritoneum duodenum")
  static let plainConditions = words(
    "carcinoma adenoma lymphoma sclerosis fibrosis insufficiency failure infarction aneurysm dystrophy hypertension ulcer "
      + "abscess infection degeneration neuralgia vasculitis thrombosis")
  static let eponymHeads = words("syndrome disease anaemia palsy dystrophy ataxia nephritis chorea lymphoma tumour")
  static let enzymeRoots = words(
    "ket gluc fruct mann pip sulf thi ars carn orn lys xyl rib mal fum prol hist chol sphing galact")
  static let enzymeSuffixes = words("okinase olase osidase otransferase odehydrogenase oreductase ohydrolase oxidase")

  // Complaints in ordinary words.
  static let complaintSites = words(
    "perioral plantar palmar facial abdominal chest ankle eyelid jaw calf thigh scalp neck gum tongue throat flank shoulder "
      + "hip knee wrist finger nail ear nasal oral genital anal breast bone muscle joint skin eye limb back rectal bladder "
      + "vaginal lip tooth forearm groin")
  static let complaints = words(
    "tingling swelling flushing itching numbness pain stiffness weakness dryness cramps burning tenderness discolouration "
      + "bruising bleeding twitching soreness peeling blistering tightness erythema pallor spasms ulceration oedema rash "
      + "irritation tremor dryness discomfort")
  static let sides = words("left right upper lower")
  static let bodyParts = words("arm leg eyelid lip jaw limbs back abdomen gums calf thumb cheek forearm thigh")
  static let complaintStyles = words(
    "burning transient nocturnal unilateral bilateral intermittent delayed painless symmetrical throbbing migratory "
      + "exertional positional pruritic macular")
  static let lostFunctions = words(
    "taste smell appetite balance hearing libido concentration memory vision coordination sleep speech gait voice "
      + "swallowing sensation accommodation")
  static let losses = [
    "loss of", "impaired", "disturbance of", "reduced", "altered", "sudden loss of", "partial loss of", "impairment of",
    "fluctuating", "complete loss of", "distorted", "subjective loss of",
  ]

  // People.
  static let surnameHeads = words(
    "Hart Brand Oliv Kess Mor Lund Vald Thorn Wex Ash Gren Stav Pell Rud Zan Kor Fen Hal Dres Mart Bor Cald Eck Farn Gal"
  )
  static let surnameTails = words(
    "well berg eira ler etti quist ez ton ford by strom ley ova inen ard sen mann wick ski ano")

  private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}
