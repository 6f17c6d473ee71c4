// A model of a declarative pipeline: it runs the Jenkinsfile as Groovy and prints, for each stage, the conditions, the variables,
// the credentials and the commands, a tab-separated line for each. Any other word is an error, and ends a file's lines with one.
// https://www.jenkins.io/doc/book/pipeline/syntax/
abstract class Model extends Script {
  static String stage = ''
  def say(String kind, Object... words) { println(([stage, kind] + words.collect { it.toString().bytes.encodeBase64().toString() }).join('\t')) }
  def inside(Closure body) { body.delegate = this; body.resolveStrategy = Closure.DELEGATE_FIRST; body() }
  def pipeline(Closure c) { inside(c) }
  def agent(Closure c) { inside(c) }
  def label(String l) { say('agent', l) }
  def options(Closure c) { inside(c) }
  def disableConcurrentBuilds() { say('option', 'disableConcurrentBuilds') }
  def environment(Closure c) {
    def variables = [:]
    c.delegate = new Expando() { void setProperty(String name, Object value) { variables[name] = value } }
    c.resolveStrategy = Closure.DELEGATE_ONLY
    c()
    variables.each { name, value -> say('environment', name, value) }
  }
  def stages(Closure c) { inside(c) }
  def stage(String name, Closure c) { stage = name; inside(c) }
  def when(Closure c) { inside(c) }
  def branch(String b) { say('when', b) }
  def steps(Closure c) { inside(c) }
  def sh(String command) { say('sh', command) }
  def archiveArtifacts(Map m) { say('artifacts', m.artifacts) }
  def file(Map m) { say('credentials', m.credentialsId, m.variable); m }
  def withCredentials(List l, Closure c) { inside(c) }
}

def configuration = new org.codehaus.groovy.control.CompilerConfiguration(scriptBaseClass: Model.name)
args.each { name ->
  Model.stage = ''
  try {
    new GroovyShell(Model.classLoader, new Binding(), configuration).evaluate(new File(name))
  } catch (MissingMethodException | org.codehaus.groovy.control.CompilationFailedException e) {
    println("error\t${e.class.simpleName}")
  }
}
