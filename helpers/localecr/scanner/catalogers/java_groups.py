"""The groups of artifacts whose jars often say none, since they weren't built with Maven, or before it left word in a jar."""

from __future__ import annotations

_ARTIFACTS = {
    "org.springframework": "spring-aop spring-aspects spring-beans spring-context spring-context-indexer spring-context-support spring-core"
    " spring-expression spring-instrument spring-jcl spring-jdbc spring-jms spring-messaging spring-orm spring-oxm spring-r2dbc spring-test"
    " spring-tx spring-web spring-webflux spring-webmvc spring-webmvc-portlet spring-websocket",
    "org.springframework.boot": "spring-boot spring-boot-actuator spring-boot-actuator-autoconfigure spring-boot-autoconfigure spring-boot-loader",
    "org.springframework.security": "spring-security-config spring-security-core spring-security-crypto spring-security-oauth2-client"
    " spring-security-oauth2-core spring-security-oauth2-jose spring-security-oauth2-resource-server spring-security-web",
    "org.apache.tomcat.embed": "tomcat-embed-core tomcat-embed-el tomcat-embed-jasper tomcat-embed-websocket",
    "org.apache.kafka": "connect-api connect-json connect-runtime kafka-clients kafka-raft kafka-server-common kafka-streams kafka_2.12 kafka_2.13",
    "org.apache.ant": "ant ant-launcher",
    "org.apache.derby": "derby derbyclient derbynet derbyshared derbytools",
    "org.apache.lucene": "lucene-analyzers-common lucene-core lucene-queryparser lucene-replicator",
    "org.apache.velocity": "velocity",
    "org.apache.zookeeper": "zookeeper",
    "org.codehaus.jackson": "jackson-core-asl jackson-mapper-asl",
    "org.elasticsearch": "elasticsearch",
    "org.hsqldb": "hsqldb",
    "org.mozilla": "rhino",
    "org.xerial.snappy": "snappy-java",
    "xerces": "xercesImpl",
    "com.graphql-java": "graphql-java",
    "io.grpc": "grpc-api grpc-context grpc-core grpc-netty grpc-netty-shaded grpc-okhttp grpc-protobuf grpc-services grpc-stub",
    "org.bouncycastle": "bcpkix-jdk15on bcpkix-jdk18on bcprov-jdk15on bcprov-jdk18on bcutil-jdk15on bcutil-jdk18on",
    "com.squareup.okhttp3": "okhttp",
    "com.squareup.okio": "okio okio-jvm",
    "io.projectreactor": "reactor-core",
    "io.projectreactor.netty": "reactor-netty-core reactor-netty-http",
    "io.micrometer": "micrometer-core",
    "org.jetbrains.kotlin": "kotlin-reflect kotlin-stdlib",
    "org.scala-lang": "scala-library",
    "mysql": "mysql-connector-java",
    "com.mysql": "mysql-connector-j",
    "com.h2database": "h2",
}
_NAMESAKES = (  # each the group of itself: Apache's first projects
    "commons-beanutils commons-cli commons-codec commons-collections commons-configuration commons-dbcp commons-digester commons-discovery"
    " commons-fileupload commons-httpclient commons-io commons-jxpath commons-lang commons-logging commons-net commons-pool commons-validator"
    " log4j xalan"
)
GROUPS = {artifact: group for group, artifacts in _ARTIFACTS.items() for artifact in artifacts.split()} | {each: each for each in _NAMESAKES.split()}
