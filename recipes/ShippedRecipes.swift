/// The recipes of this folder, in the binary: the build makes `PackageResources` of them.

/// The bytes of each recipe, by its name.
package let shippedRecipes: [String: [UInt8]] = [
  "bioasq-lora": PackageResources.bioasq_lora_json,
  "biosses-lora": PackageResources.biosses_lora_json,
  "chemprot-lora": PackageResources.chemprot_lora_json,
  "covid-qa-lora": PackageResources.covid_qa_lora_json,
  "distil-general": PackageResources.distil_general_json,
  "distil-ner": PackageResources.distil_ner_json,
  "hoc-lora": PackageResources.hoc_lora_json,
  "methods-ncbi-disease": PackageResources.methods_ncbi_disease_json,
  "mlm-continue": PackageResources.mlm_continue_json,
  "mlm-from-scratch": PackageResources.mlm_from_scratch_json,
  "multi-task-lora": PackageResources.multi_task_lora_json,
  "ncbi-bilstm-crf": PackageResources.ncbi_bilstm_crf_json,
  "ncbi-disease-lora": PackageResources.ncbi_disease_lora_json,
  "ncbi-disease-teacher": PackageResources.ncbi_disease_teacher_json,
  "quickstart": PackageResources.quickstart_json,
  "quickstart-sweep": PackageResources.quickstart_sweep_json,
  "simcse-pubmed": PackageResources.simcse_pubmed_json,
]
